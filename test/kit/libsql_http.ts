/**
 * Conformance targets over a libSQL server that runs already. Nothing here is Node's, so that it also runs in
 * a Worker.
 */

import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import type { ConformanceTarget, Requirement } from "../../src/testing/mod.ts";
import { SqliteHarness } from "./sqlite_harness.ts";

/** What every durable SQLite target provides. */
export const SQLITE_PROVIDES: readonly Requirement[] = [
  "atomicCommit",
  "fencing",
  "durableOnResolve",
  "changedRows",
  "failCommitAt",
  "damage",
  "oracle",
];

/**
 * A database of a server, over HTTP or WebSocket as its address says. Each harness has a database of its own.
 */
export function libsqlServerTarget(name: string, urlOf: (database: string) => string): ConformanceTarget {
  let databases = 0;
  return {
    name,
    provides: SQLITE_PROVIDES,
    async create() {
      databases += 1;
      // Runs that share a server must not meet in one database.
      const suffix = [...crypto.getRandomValues(new Uint8Array(6))].map((byte) => byte.toString(16)).join("");
      const url = urlOf(`kit_${databases}_${suffix}`);
      return new SqliteHarness({
        connect: () => openLibsqlDriver({ url, logger: silentLogger }),
        // The server's owner deletes its folder.
        remove: async () => {},
      });
    },
  };
}
