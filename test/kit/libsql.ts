/**
 * Conformance targets over libSQL files, memory, and a server of its own. For runtimes with a file system.
 */

import { existsSync } from "node:fs";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openBunSqliteDriver } from "../../src/adapters/bun_sqlite/open_driver.ts";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { openNodeSqliteDriver } from "../../src/adapters/node_sqlite/open_driver.ts";
import type { SqlDriver } from "../../src/adapters/sqlite/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import type { ConformanceTarget } from "../../src/testing/mod.ts";
import { libsqlServerTarget, SQLITE_PROVIDES } from "./libsql_http.ts";
import { SqliteHarness } from "./sqlite_harness.ts";

/** Files as they are opened by default: through the native library. */
export const libsqlFileTarget: ConformanceTarget = fileTarget("libsql file", (path) =>
  openLibsqlDriver({ url: `file:${path}`, logger: silentLogger }),
);

/** Files through `@libsql/client`. */
export const libsqlClientFileTarget: ConformanceTarget = fileTarget("libsql file, client", (path) =>
  openLibsqlDriver({ url: `file:${path}`, native: false, logger: silentLogger }),
);

/** Files through `node:sqlite`. */
export const nodeSqliteTarget: ConformanceTarget = fileTarget("node:sqlite file", (path) =>
  openNodeSqliteDriver({ path, logger: silentLogger }),
);

/** Files through `bun:sqlite`. */
export const bunSqliteTarget: ConformanceTarget = fileTarget("bun:sqlite file", (path) =>
  openBunSqliteDriver({ path, logger: silentLogger }),
);

/**
 * A file in its own folder. A crash continues with a copy of the files, like those of a killed process, which
 * cannot write its log back into the database.
 */
function fileTarget(name: string, open: (path: string) => Promise<SqlDriver>): ConformanceTarget {
  return {
    name,
    provides: SQLITE_PROVIDES,
    async create() {
      const folder = await mkdtemp(join(tmpdir(), "holdfast-kit-"));
      let path = join(folder, "0.db");
      let crashes = 0;
      return new SqliteHarness({
        connect: () => open(path),
        async afterCrash() {
          crashes += 1;
          const next = join(folder, `${crashes}.db`);
          // The log is copied first: if a connection that is being collected checkpoints it now, the
          // database has its content. Before the first commit there may be no log, or no file at all.
          for (const suffix of ["-wal", ""]) {
            if (existsSync(path + suffix)) await copyFile(path + suffix, next + suffix);
          }
          path = next;
        },
        remove: () => rm(folder, { recursive: true, force: true }),
      });
    },
  };
}

/**
 * Memory. It is lost with its connection, so all openings share one connection, which only the harness
 * closes.
 */
export const libsqlMemoryTarget: ConformanceTarget = {
  name: "libsql memory",
  provides: SQLITE_PROVIDES.filter((requirement) => requirement !== "durableOnResolve"),
  async create() {
    const driver = await openLibsqlDriver({ url: ":memory:", logger: silentLogger });
    return new SqliteHarness({
      connect: async () => ({ ...driver, close: async () => {} }),
      remove: () => driver.close(),
    });
  },
};

/** A server's databases over HTTP and over WebSocket. */
export function libsqlServerTargets(server: {
  url(database: string): string;
  wsUrl(database: string): string;
}): readonly [http: ConformanceTarget, webSocket: ConformanceTarget] {
  return [
    libsqlServerTarget("libsql over http", (database) => server.url(database)),
    libsqlServerTarget("libsql over websocket", (database) => server.wsUrl(database)),
  ];
}
