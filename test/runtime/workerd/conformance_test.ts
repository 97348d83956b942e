import { inject, test } from "vitest";
import { registerConformance } from "../../../src/testing/mod.ts";
import { libsqlServerTarget } from "../../kit/libsql_http.ts";
import { memoryTarget } from "../../kit/memory.ts";

const server = inject("hranaUrl");
const libsqlHttpTarget = libsqlServerTarget("libsql over http", (database) => `${server}${database}/`);

for (const target of [memoryTarget, libsqlHttpTarget]) registerConformance(target, test);
