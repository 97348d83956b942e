import { test } from "bun:test";
import {
  bunSqliteTarget,
  libsqlClientFileTarget,
  libsqlFileTarget,
  libsqlMemoryTarget,
  nodeSqliteTarget,
} from "../../kit/libsql.ts";
import { memoryTarget } from "../../kit/memory.ts";
import { registerTargets } from "../../kit/register.ts";

/** Above the duration of the slowest case on a busy machine. */
const TIMEOUT_MS = 60_000;

registerTargets(
  [
    memoryTarget,
    libsqlFileTarget,
    libsqlMemoryTarget,
    libsqlClientFileTarget,
    nodeSqliteTarget,
    bunSqliteTarget,
  ],
  (name, run) => test(name, run, TIMEOUT_MS),
);

// Bun's types of `fetch` are not those that the remote backend is compiled with.
const path: string = "../../kit/remote_overload.ts";
const { remoteOverload } = (await import(path)) as { remoteOverload: [string, () => Promise<void>] };

test(...remoteOverload, TIMEOUT_MS);
