import { test } from "vitest";
import { dose } from "../support/dose.ts";
import { connectedCases } from "./connected_cases.ts";
import { narrowTarget } from "./narrow.ts";
import { registerTargets } from "./register.ts";

registerTargets([narrowTarget], test, { cases: dose({ short: connectedCases, long: undefined }) });
