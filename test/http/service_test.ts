import { expect, test } from "vitest";
import { registerServiceCases } from "../kit/service/harness.ts";
import { SERVICE_CASES } from "../kit/service/service_cases.ts";
import { DOSED_TIMEOUT_MS } from "../support/dose.ts";
import { LOCAL_TARGETS } from "./local_service.ts";

for (const target of LOCAL_TARGETS) {
  const left = registerServiceCases(target, SERVICE_CASES, (name, run) => test(name, run, DOSED_TIMEOUT_MS));
  test(`${target.name} runs every case`, () => expect(left).toEqual([]));
}
