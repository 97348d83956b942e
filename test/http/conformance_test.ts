import { test } from "vitest";
import { derivedCases } from "../kit/connected_cases.ts";
import { memoryTarget } from "../kit/memory.ts";
import { registerTargets } from "../kit/register.ts";
import { throughService } from "../kit/service.ts";
import { dose } from "../support/dose.ts";

// The whole service between the kit and the backend: authentication, routing, the commit protocol.
registerTargets([throughService(memoryTarget)], test, {
  cases: dose({ short: derivedCases, long: undefined }),
});
