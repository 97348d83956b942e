import type { SqlStatement, SqlValue } from "../sqlite/mod.ts";
import type { SqliteCell, SqliteResult, SqliteStatement } from "./sqlite_client.ts";

/** Converts a statement for the client. */
export function toDriver({ sql, params }: SqlStatement): SqliteStatement {
  return { sql, args: [...params] };
}

/**
 * The rows of a result, in column order. Blobs become plain `Uint8Array`s over memory of the driver that has
 * no other user.
 */
export function rowsOf(result: SqliteResult): SqlValue[][] {
  return result.rows.map((row) => Array.from(row, toValue));
}

function toValue(cell: SqliteCell): SqlValue {
  if (cell instanceof ArrayBuffer) return new Uint8Array(cell);
  if (cell instanceof Uint8Array) return new Uint8Array(cell.buffer, cell.byteOffset, cell.byteLength);
  return typeof cell === "bigint" ? String(cell) : cell;
}
