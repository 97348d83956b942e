import type { SqlStatement, SqlValue } from "../sqlite/mod.ts";
import type { LibsqlCell, LibsqlResult, LibsqlStatement } from "./libsql_client.ts";

/** A statement as the client takes it. */
export function toLibsql({ sql, params }: SqlStatement): LibsqlStatement {
  return { sql, args: [...params] };
}

/**
 * The rows of an answer, in column order. Blobs become plain `Uint8Array`s over the driver's own memory,
 * which nothing else holds.
 */
export function rowsOf(result: LibsqlResult): SqlValue[][] {
  return result.rows.map((row) => Array.from(row, toValue));
}

function toValue(cell: LibsqlCell): SqlValue {
  if (cell instanceof ArrayBuffer) return new Uint8Array(cell);
  if (cell instanceof Uint8Array) return new Uint8Array(cell.buffer, cell.byteOffset, cell.byteLength);
  return typeof cell === "bigint" ? String(cell) : cell;
}
