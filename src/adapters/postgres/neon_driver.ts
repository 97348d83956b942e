import { hexOf } from "../../bytes/mod.ts";
import type { SqlResult, SqlStatement, SqlValue } from "../sqlite/mod.ts";
import { convertedCell } from "./cells.ts";
import type { PostgresDriver } from "./postgres_driver.ts";

/** The used part of the function that `neon` of `@neondatabase/serverless` returns. */
export interface NeonSql {
  query(...args: never[]): unknown;
  transaction(...args: never[]): unknown;
}

interface NeonResult {
  readonly rows: readonly (readonly unknown[])[];
  readonly fields: readonly { readonly dataTypeID: number }[];
  readonly rowCount: number | null;
  readonly command: string;
}

interface Neon {
  query(sql: string, params: readonly unknown[], options: object): PromiseLike<NeonResult>;
  transaction(queries: readonly PromiseLike<NeonResult>[], options: object): PromiseLike<NeonResult[]>;
}

const AS_ARRAYS = { arrayMode: true, fullResults: true };

/** Neon's HTTP driver: one request, and one round trip, for a read and for a transaction. */
export function neonDriver(sql: NeonSql): PostgresDriver {
  const neon = sql as unknown as Neon;
  const ask = ({ sql: text, params }: SqlStatement) => neon.query(text, params.map(bound), AS_ARRAYS);
  return {
    durable: true,
    query: async (statement) => resultOf(await ask(statement)),
    async transaction(statements) {
      const options = { ...AS_ARRAYS, isolationLevel: "ReadCommitted" };
      return (await neon.transaction(statements.map(ask), options)).map(resultOf);
    },
    async close() {},
  };
}

/** JSON has no bytes: they travel in the text format of their type. */
function bound(value: SqlValue): string | null {
  if (value instanceof Uint8Array) return `\\x${hexOf(value)}`;
  return value === null ? null : String(value);
}

function resultOf({ rows, fields, rowCount, command }: NeonResult): SqlResult {
  return {
    rows: rows.map((row) => row.map((cell, index) => convertedCell(cell, fields[index]?.dataTypeID))),
    rowsAffected: command === "SELECT" ? 0 : (rowCount ?? 0),
  };
}
