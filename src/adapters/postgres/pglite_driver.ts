import type { SqlResult, SqlStatement } from "../sqlite/mod.ts";
import { convertedCell } from "./cells.ts";
import { DriverFailure, type PostgresDriver } from "./postgres_driver.ts";

/** The used part of `PGlite` of `@electric-sql/pglite`. */
export interface PgliteDatabase {
  query(...args: never[]): unknown;
  transaction(...args: never[]): unknown;
}

interface PgliteResult {
  readonly rows: readonly (readonly unknown[])[];
  readonly fields: readonly { readonly dataTypeID: number }[];
  readonly affectedRows?: number;
}

interface Queries {
  query(sql: string, params: readonly unknown[], options: object): Promise<PgliteResult>;
}

interface Pglite extends Queries {
  transaction<T>(run: (transaction: Queries) => Promise<T>): Promise<T>;
}

/** Numbers stay text until they are read by their type. */
const RAW = { rowMode: "array", parsers: { 20: String, 1700: String } };

/**
 * PGlite: PostgreSQL in this process. There is one connection, and no round trip.
 *
 * It does not sync its files, so a transaction may be lost with the machine.
 */
export function pgliteDriver(database: PgliteDatabase): PostgresDriver {
  const pglite = database as unknown as Pglite;
  const run = async (on: Queries, { sql, params }: SqlStatement): Promise<SqlResult> => {
    const { rows, fields, affectedRows } = await on.query(sql, params, RAW);
    return {
      rows: rows.map((row) => row.map((cell, index) => convertedCell(cell, fields[index]?.dataTypeID))),
      rowsAffected: affectedRows ?? 0,
    };
  };
  return {
    durable: false,
    query: (statement) => run(pglite, statement),
    transaction: (statements) =>
      pglite.transaction(async (transaction) => {
        const results: SqlResult[] = [];
        for (const [statementIndex, statement] of statements.entries()) {
          try {
            results.push(await run(transaction, statement));
          } catch (error) {
            throw new DriverFailure(error, { statementIndex });
          }
        }
        return results;
      }),
    async close() {},
  };
}
