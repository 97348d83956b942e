import { inject, test } from "vitest";
import { libsqlServerTarget } from "../../kit/libsql_http.ts";
import { memoryTarget } from "../../kit/memory.ts";
import { registerTargets } from "../../kit/register.ts";

const server = inject("hranaUrl");
const libsqlHttpTarget = libsqlServerTarget("libsql over http", (database) => `${server}${database}/`);

registerTargets([memoryTarget, libsqlHttpTarget], test);
