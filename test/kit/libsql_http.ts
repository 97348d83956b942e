/** Conformance targets over a running libSQL server. Uses no Node API, so that it also runs in a Worker. */

import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import type { ConformanceTarget, Requirement } from "../../src/testing/mod.ts";
import { SqliteHarness } from "./sqlite_harness.ts";

/** The requirements that every durable SQLite target provides. */
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
 * A database of a server, over HTTP or WebSocket by the scheme of its URL. Each harness has its own database.
 */
export function libsqlServerTarget(name: string, urlOf: (database: string) => string): ConformanceTarget {
  let databases = 0;
  return {
    name,
    provides: SQLITE_PROVIDES,
    async create() {
      databases += 1;
      // Runs that share a server must not share a database.
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
