/** A conformance target over a D1 database. Uses no Node API, so that it runs in a Worker. */

import { type D1DatabaseLike, d1Driver } from "../../src/adapters/d1/mod.ts";
import type { ConformanceTarget } from "../../src/testing/mod.ts";
import { SQLITE_PROVIDES } from "./libsql_http.ts";
import { SqliteHarness } from "./sqlite_harness.ts";

const TABLES = `SELECT name FROM sqlite_master
  WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'`;

/**
 * A target over a database that has no other use, which is emptied after each case. A crash continues over the
 * same database, which detects writes that are missing when a commit resolves.
 */
export function d1Target(database: D1DatabaseLike): ConformanceTarget {
  return {
    name: "d1",
    provides: SQLITE_PROVIDES,
    create: async () =>
      new SqliteHarness({
        connect: async () => d1Driver(database),
        remove: () => dropTables(database),
      }),
  };
}

async function dropTables(database: D1DatabaseLike): Promise<void> {
  const tables = (await database.prepare(TABLES).raw()).map(([name]) => String(name));
  if (tables.length > 0) await database.batch(tables.map((name) => database.prepare(`DROP TABLE "${name}"`)));
}
