import process from "node:process";
import type { RegisterTest } from "../../../src/testing/mod.ts";
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

/** Of targets whose code is that of another one here, or does not depend on the runtime. */
const cases = process.env.HOLDFAST_DOSE === "long" ? undefined : sentCases;

const register: RegisterTest = (name, run) => Deno.test(name, run);

registerTargets([libsqlFileTarget], register);
registerTargets([memoryTarget, libsqlMemoryTarget, libsqlClientFileTarget], register, { cases });
registerTargets([sealedFileTarget], register, { cases: valueCases });

const library = betterSqlite3();
if (library === undefined) Deno.test.ignore(NO_BETTER_SQLITE3, () => {});
else registerTargets([betterSqlite3Target(library)], register, { cases });

Deno.test(...remoteOverload);

// The whole kit of a library of the runtime comes last. Where Deno ended the isolate of this file just after
// libsql was used, the process was seen to end with SIGSEGV in half of the runs.
registerTargets([nodeSqliteTarget], register);
