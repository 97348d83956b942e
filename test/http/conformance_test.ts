import { test } from "vitest";
import { memoryTarget } from "../kit/memory.ts";
import { registerTargets } from "../kit/register.ts";
import { throughService } from "../kit/service.ts";

// The whole service between the kit and the backend: authentication, routing, the commit protocol.
registerTargets([throughService(memoryTarget)], test);
