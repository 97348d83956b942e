import { test } from "vitest";
import { dose } from "../support/dose.ts";
import { composedTarget } from "./composed.ts";
import { connectedCases, derivedCases } from "./connected_cases.ts";
import { memoryTarget } from "./memory.ts";
import { registerTargets } from "./register.ts";
import { remoteTarget } from "./remote.ts";
import { remoteOverload } from "./remote_overload.ts";

registerTargets([memoryTarget], test);
// Both stand on the memory backend. The wire carries texts and bytes, and checks arguments, in its own way.
registerTargets([remoteTarget], test, { cases: dose({ short: connectedCases, long: undefined }) });
registerTargets([composedTarget], test, { cases: dose({ short: derivedCases, long: undefined }) });

test(...remoteOverload);
