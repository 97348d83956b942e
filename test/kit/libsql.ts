/**
 * Conformance targets over libSQL files, memory, and a server of its own. For runtimes with a file system.
 */

import { openBunSqliteDriver } from "../../src/adapters/bun_sqlite/open_driver.ts";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { openNodeSqliteDriver } from "../../src/adapters/node_sqlite/open_driver.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import type { ConformanceTarget } from "../../src/testing/mod.ts";
import { fileTarget } from "./file_target.ts";
import { libsqlServerTarget, SQLITE_PROVIDES } from "./libsql_http.ts";
import { testSealing } from "./sealed.ts";
import { SqliteHarness } from "./sqlite_harness.ts";

/** Files as they are opened by default: through the native library. */
export const libsqlFileTarget: ConformanceTarget = fileTarget("libsql file", (path) =>
  openLibsqlDriver({ url: `file:${path}`, logger: silentLogger }),
);

/** The same, encrypted. */
export const sealedFileTarget: ConformanceTarget = fileTarget(
  "libsql file, sealed",
  (path) => openLibsqlDriver({ url: `file:${path}`, logger: silentLogger }),
  testSealing(),
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
