import { test } from "vitest";
import { dose } from "../support/dose.ts";
import { derivedCases } from "./connected_cases.ts";
import { registerTargets } from "./register.ts";
import { transformedTargets } from "./transformed.ts";

registerTargets(transformedTargets, test, { cases: dose({ short: derivedCases, long: undefined }) });
