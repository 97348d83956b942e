import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { COMPATIBILITY_DATE } from "./local_worker.ts";

describe("COMPATIBILITY_DATE", () => {
  test("is the deployed date", () => {
    const deployed = /^compatibility_date = "(.*)"$/m.exec(readFileSync("wrangler.toml", "utf8"));
    expect(COMPATIBILITY_DATE).toBe(deployed?.[1]);
  });
});
