import { inject, test } from "vitest";
import { connectedCases } from "../../kit/connected_cases.ts";
import { libsqlServerTarget } from "../../kit/libsql_http.ts";
import { memoryTarget } from "../../kit/memory.ts";
import { registerTargets } from "../../kit/register.ts";
import { dose } from "../../support/dose.ts";

const server = inject("hranaUrl");
const libsqlHttpTarget = libsqlServerTarget("libsql over http", (database) => `${server}${database}/`);

registerTargets([memoryTarget], test);
registerTargets([libsqlHttpTarget], test, { cases: dose({ short: connectedCases, long: undefined }) });
