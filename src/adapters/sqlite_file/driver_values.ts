import type { SqlStatement, SqlValue } from "../sqlite/mod.ts";
import type { SqliteCell, SqliteResult, SqliteStatement } from "./sqlite_client.ts";

/** Converts a statement for the client. */
export function toDriver({ sql, params, onlyFirst }: SqlStatement): SqliteStatement {
  return { sql, args: [...params], onlyFirst };
}

/**
 * The rows of a result, in column order. Blobs become plain `Uint8Array`s over memory of the driver that has
 * no other user. Rows that are arrays are changed in place: to copy thousands of them takes longer than to
 * convert their cells.
 */
export function rowsOf({ rows }: SqliteResult): SqlValue[][] {
  if (!Array.isArray(rows[0])) return rows.map(valuesOf);
  const converted = rows as unknown as SqlValue[][];
  for (let index = 0; index < converted.length; index += 1) convert(converted[index] as SqliteCell[]);
  return converted;
}

function convert(row: (SqliteCell | undefined)[]): void {
  for (let index = 0; index < row.length; index += 1) {
    const cell = row[index];
    if (typeof cell === "number" || typeof cell === "string" || cell === null) continue;
    row[index] = toValue(cell ?? null);
  }
}

function valuesOf(row: ArrayLike<SqliteCell>): SqlValue[] {
  const values: SqlValue[] = [];
  for (let index = 0; index < row.length; index += 1) values.push(toValue(row[index] ?? null));
  return values;
}

function toValue(cell: SqliteCell): SqlValue {
  if (typeof cell === "number" || typeof cell === "string" || cell === null) return cell;
  if (cell instanceof ArrayBuffer) return new Uint8Array(cell);
  if (cell instanceof Uint8Array) return new Uint8Array(cell.buffer, cell.byteOffset, cell.byteLength);
  return String(cell);
}
