import { test } from "bun:test";
import { betterSqlite3, betterSqlite3Target, NO_BETTER_SQLITE3 } from "../../kit/better_sqlite3.ts";
import { sentCases } from "../../kit/connected_cases.ts";
import {
  bunSqliteTarget,
  libsqlClientFileTarget,
  libsqlFileTarget,
  libsqlMemoryTarget,
  nodeSqliteTarget,
  sealedFileTarget,
} from "../../kit/libsql.ts";
import { memoryTarget } from "../../kit/memory.ts";
import { registerTargets } from "../../kit/register.ts";
import { valueCases } from "../../kit/sealed.ts";

/** Above the duration of the slowest case on a busy machine. */
const TIMEOUT_MS = 60_000;

registerTargets([memoryTarget, libsqlFileTarget, nodeSqliteTarget, bunSqliteTarget], (name, run) =>
  test(name, run, TIMEOUT_MS),
);
// The same statements through the same code, in memory and by another library.
registerTargets([libsqlMemoryTarget, libsqlClientFileTarget], (name, run) => test(name, run, TIMEOUT_MS), {
  cases: process.env.HOLDFAST_DOSE === "long" ? undefined : sentCases,
});
registerTargets([sealedFileTarget], (name, run) => test(name, run, TIMEOUT_MS), { cases: valueCases });

const library = betterSqlite3();
if (library === undefined) test.skip(NO_BETTER_SQLITE3, () => {});
else registerTargets([betterSqlite3Target(library)], (name, run) => test(name, run, TIMEOUT_MS));

// Bun's types of `fetch` are not those that the remote backend is compiled with.
const path: string = "../../kit/remote_overload.ts";
const { remoteOverload } = (await import(path)) as { remoteOverload: [string, () => Promise<void>] };

test(...remoteOverload, TIMEOUT_MS);
