import { test } from "vitest";
import { dose } from "../support/dose.ts";
import { connectedCases } from "./connected_cases.ts";
import { registerTargets } from "./register.ts";
import { transformedTargets } from "./transformed.ts";

registerTargets(transformedTargets, test, { cases: dose({ short: connectedCases, long: undefined }) });
