import { test } from "vitest";
import { dose } from "../support/dose.ts";
import { sentCases } from "./connected_cases.ts";
import { libsqlClientFileTarget, libsqlFileTarget, libsqlMemoryTarget } from "./libsql.ts";
import { registerTargets } from "./register.ts";

registerTargets([libsqlFileTarget], test);
// The same statements through the same code, in memory and by another library.
registerTargets([libsqlMemoryTarget, libsqlClientFileTarget], test, {
  cases: dose({ short: sentCases, long: undefined }),
});
