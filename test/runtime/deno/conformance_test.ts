import process from "node:process";
import { betterSqlite3, betterSqlite3Target, NO_BETTER_SQLITE3 } from "../../kit/better_sqlite3.ts";
import { sentCases } from "../../kit/connected_cases.ts";
import {
  libsqlClientFileTarget,
  libsqlFileTarget,
  libsqlMemoryTarget,
  nodeSqliteTarget,
  sealedFileTarget,
} from "../../kit/libsql.ts";
import { memoryTarget } from "../../kit/memory.ts";
import { registerTargets } from "../../kit/register.ts";
import { remoteOverload } from "../../kit/remote_overload.ts";
import { valueCases } from "../../kit/sealed.ts";

registerTargets([memoryTarget, libsqlFileTarget, nodeSqliteTarget], (name, run) => Deno.test(name, run));
// The same statements through the same code, in memory and by another library.
registerTargets([libsqlMemoryTarget, libsqlClientFileTarget], (name, run) => Deno.test(name, run), {
  cases: process.env.HOLDFAST_DOSE === "long" ? undefined : sentCases,
});
registerTargets([sealedFileTarget], (name, run) => Deno.test(name, run), { cases: valueCases });

const library = betterSqlite3();
if (library === undefined) Deno.test.ignore(NO_BETTER_SQLITE3, () => {});
else registerTargets([betterSqlite3Target(library)], (name, run) => Deno.test(name, run));

Deno.test(...remoteOverload);
