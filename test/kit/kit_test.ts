import { test } from "vitest";
import { registerConformance } from "../../src/testing/mod.ts";
import { composedTarget } from "./composed.ts";
import { memoryTarget } from "./memory.ts";

for (const target of [memoryTarget, composedTarget]) registerConformance(target, test);
