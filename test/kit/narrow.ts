import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import type { SqlDriver, SqlLimits, SqlStatement } from "../../src/adapters/sqlite/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import type { ConformanceTarget } from "../../src/testing/mod.ts";
import { SQLITE_PROVIDES } from "./libsql_http.ts";
import { SqliteHarness, type SqliteTargetParts } from "./sqlite_harness.ts";

/** The supported platform with the lowest limits: a Durable Object. */
const NARROW: SqlLimits = { maxParameters: 100, maxSqlBytes: 100_000, maxValueBytes: 2_000_000 };

/**
 * The SQLite backend on a platform that enforces a fraction of SQLite's limits. Proves that lists are split
 * to the limits. Does not prove that a real Durable Object accepts the statements.
 */
export const narrowTarget: ConformanceTarget = {
  name: "sqlite with narrow limits",
  provides: SQLITE_PROVIDES.filter((requirement) => requirement !== "durableOnResolve"),
  create: () => narrowHarness({}),
};

/** A harness over one such database. */
export async function narrowHarness(parts: Pick<SqliteTargetParts, "values">): Promise<SqliteHarness> {
  const driver = await openLibsqlDriver({ url: ":memory:", logger: silentLogger });
  return new SqliteHarness({ ...parts, connect: async () => narrow(driver), remove: () => driver.close() });
}

/** A shared driver. Only the harness closes it, since that drops its memory. */
function narrow(driver: SqlDriver): SqlDriver {
  return {
    limits: NARROW,
    durable: false,
    async query(sql, params) {
      requireWithin({ sql, params });
      return await driver.query(sql, params);
    },
    async batch(statements) {
      for (const statement of statements) requireWithin(statement);
      return await driver.batch(statements);
    },
    async close() {},
  };
}

function requireWithin({ sql, params }: SqlStatement): void {
  if (params.length > NARROW.maxParameters) throw new RangeError(`statement: ${params.length} parameters`);
  if (new TextEncoder().encode(sql).length > NARROW.maxSqlBytes) throw new RangeError("statement: too long");
  for (const value of params) {
    const bytes = value instanceof Uint8Array ? value.byteLength : 0;
    if (bytes > NARROW.maxValueBytes) throw new RangeError(`statement: a value of ${bytes} bytes`);
  }
}
