import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import type { SqlDriver } from "../../src/adapters/sqlite/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";

/** A driver that records its statements. */
export interface CountingDriver extends SqlDriver {
  /** Text of each query, in order. */
  readonly queries: string[];
  /** Number of statements of each batch, in order. */
  readonly batches: number[];
}

/** Opens a libSQL database with a driver that records its statements. */
export async function countingDriver(url: string): Promise<CountingDriver> {
  const driver = await openLibsqlDriver({ url, logger: silentLogger });
  const queries: string[] = [];
  const batches: number[] = [];
  return {
    queries,
    batches,
    limits: driver.limits,
    durable: driver.durable,
    query: (sql, params) => {
      queries.push(sql);
      return driver.query(sql, params);
    },
    batch: (statements) => {
      batches.push(statements.length);
      return driver.batch(statements);
    },
    close: () => driver.close(),
  };
}
