import { decodeUtf8 } from "../../bytes/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import type { SqlResult, SqlStatement } from "../sqlite/mod.ts";
import { cellOf } from "./cells.ts";
import { DriverFailure, type PostgresDriver, type PostgresStatement } from "./postgres_driver.ts";

/** The used part of the function that the package `postgres` returns. */
export interface PostgresJsSql {
  begin(...args: never[]): unknown;
  unsafe(...args: never[]): unknown;
}

/** A result of `raw()`: rows of values in the text format. */
type RawResult = readonly (readonly (Uint8Array | null)[])[] & {
  readonly count: number | null;
  readonly command: string;
  readonly columns?: readonly { readonly type: number }[];
};

/** A query, which begins when it is awaited or executed. */
interface Query extends PromiseLike<unknown> {
  raw(): Query;
  execute(): PromiseLike<RawResult>;
}

interface Sql {
  unsafe(sql: string, params: readonly unknown[], options: { readonly prepare: boolean }): Query;
}

interface Pool extends Sql {
  begin<T>(options: string, run: (sql: Sql) => Promise<T>): Promise<T>;
}

/**
 * `postgres` sends a transaction in three round trips: BEGIN, all statements, COMMIT. A statement that is new
 * to a connection takes one more, for the types of its parameters. Bytes travel as hexadecimal digits.
 */
export function postgresJsDriver(
  sql: PostgresJsSql,
  { prepare = true }: { readonly prepare?: boolean | undefined } = {},
): PostgresDriver {
  const pool = sql as unknown as Pool;
  const run = async (on: Sql, { sql: text, params }: SqlStatement): Promise<SqlResult> => {
    const result = await on.unsafe(text, params.map(bound), { prepare }).raw().execute();
    const { columns = [], command, count } = result;
    return {
      rows: result.map((row) => row.map((cell, index) => cellOf(textOf(cell), columns[index]?.type))),
      rowsAffected: command === "SELECT" ? 0 : (count ?? 0),
    };
  };
  return {
    durable: true,
    query: (statement) => run(pool, statement),
    transaction: (statements) =>
      pool.begin("isolation level read committed", async (transaction) => {
        return await allOf(statements.map((statement) => run(transaction, statement)));
      }),
    async close() {},
  };
}

/** Numbers travel as text, whatever type the server finds for them. */
function bound(value: PostgresStatement["params"][number]): unknown {
  return typeof value === "number" ? String(value) : value;
}

function textOf(cell: Uint8Array | null): string | null {
  if (cell === null) return null;
  const text = decodeUtf8(cell);
  if (text === undefined) throw new CorruptError("read: a stored text is no UTF-8");
  return text;
}

/** All results, or the first error by order: those behind it only say that the transaction has failed. */
async function allOf(running: readonly Promise<SqlResult>[]): Promise<SqlResult[]> {
  const settled = await Promise.allSettled(running);
  return settled.map((outcome, statementIndex) => {
    if (outcome.status === "rejected") throw new DriverFailure(outcome.reason, { statementIndex });
    return outcome.value;
  });
}
