import { test } from "vitest";
import { narrowTarget } from "./narrow.ts";
import { registerTargets } from "./register.ts";

registerTargets([narrowTarget], test);
