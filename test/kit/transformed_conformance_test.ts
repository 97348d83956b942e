import { test } from "vitest";
import { registerTargets } from "./register.ts";
import { transformedTargets } from "./transformed.ts";

registerTargets(transformedTargets, test);
