import { test } from "bun:test";
import type { RegisterTest } from "../../../src/testing/mod.ts";
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

/** Of targets whose code is that of another one here, or does not depend on the runtime. */
const cases = process.env.HOLDFAST_DOSE === "long" ? undefined : sentCases;

const register: RegisterTest = (name, run) => test(name, run, TIMEOUT_MS);

registerTargets([libsqlFileTarget, nodeSqliteTarget, bunSqliteTarget], register);
registerTargets([memoryTarget, libsqlMemoryTarget, libsqlClientFileTarget], register, { cases });
registerTargets([sealedFileTarget], register, { cases: valueCases });

const library = betterSqlite3();
if (library === undefined) test.skip(NO_BETTER_SQLITE3, () => {});
else registerTargets([betterSqlite3Target(library)], register, { cases });

// Bun's types of `fetch` are not those that the remote backend is compiled with.
const path: string = "../../kit/remote_overload.ts";
const { remoteOverload } = (await import(path)) as { remoteOverload: [string, () => Promise<void>] };

test(...remoteOverload, TIMEOUT_MS);
