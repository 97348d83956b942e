import { test } from "vitest";
import { composedTarget } from "./composed.ts";
import { memoryTarget } from "./memory.ts";
import { registerTargets } from "./register.ts";
import { remoteTarget } from "./remote.ts";

registerTargets([memoryTarget, composedTarget, remoteTarget], test);
