import { test } from "vitest";
import { composedTarget } from "./composed.ts";
import { memoryTarget } from "./memory.ts";
import { registerTargets } from "./register.ts";

registerTargets([memoryTarget, composedTarget], test);
