import { CorruptError } from "../errors/mod.ts";
import type { ForeignValue, SqlReader } from "./ports.ts";

/** A row of a foreign table, with checks of its columns. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** Rows that one query returns at most. */
export const SQL_PAGE = 256;

/** A query for rows of a table in the order of a unique key. */
export interface PagedQuery {
  readonly table: string;
  readonly columns: readonly string[];
  /** Columns of a unique key. They are among `columns`. */
  readonly key: readonly string[];
  readonly where?: readonly (readonly [column: string, value: ForeignValue])[] | undefined;
}

/** All rows of a table, a page at a time, so that a large table costs no more memory than a small one. */
export async function* pagedRows(sql: SqlReader, query: PagedQuery): AsyncIterable<SqlRow> {
  const { table, columns, key, where = [] } = query;
  const scope = where.map(([column]) => `${quoted(column)} = ?`);
  const scoped = where.map(([, value]) => value);
  const keys = key.map(quoted).join(", ");
  let after: ForeignValue[] | undefined;
  for (;;) {
    const later = after === undefined ? [] : [`(${keys}) > (${key.map(() => "?").join(", ")})`];
    const conditions = [...scope, ...later];
    const rows = await sql.all(
      `SELECT ${columns.map(quoted).join(", ")} FROM ${quoted(table)}${
        conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`
      } ORDER BY ${keys} LIMIT ${SQL_PAGE}`,
      [...scoped, ...(after ?? [])],
    );
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < SQL_PAGE) return;
    // Some drivers return an ArrayBuffer, which they do not take as a parameter.
    after = key.map((column) => asParameter(last[column] as ForeignValue));
  }
}

function asParameter(value: ForeignValue): ForeignValue {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : value;
}

/** The columns of a table; empty when there is no such table. SQLite only. */
export async function columnsOf(sql: SqlReader, table: string): Promise<ReadonlyMap<string, SqlColumn>> {
  const rows = await sql.all(`PRAGMA table_info(${quoted(table)})`, []);
  return new Map(
    rows.map((row) => {
      const isKey = Number(row.pk) > 0;
      const isRequired = Number(row.notnull) === 1 && row.dflt_value === null && !isKey;
      return [String(row.name), { isRequired }];
    }),
  );
}

/** What `columnsOf` tells of a column. */
export interface SqlColumn {
  /** Whether a new row must have a value for it. */
  readonly isRequired: boolean;
}

/** A column of text. @throws {CorruptError} */
export function textOf(row: SqlRow, column: string): string {
  const value = row[column];
  if (typeof value === "string") return value;
  throw new CorruptError(`read row: ${column} is not text`);
}

/** A column of text; `undefined` when it is absent or empty. */
export function optionalTextOf(row: SqlRow, column: string): string | undefined {
  return row[column] === null || row[column] === undefined || row[column] === ""
    ? undefined
    : textOf(row, column);
}

/** A column of bytes, as a copy. @throws {CorruptError} */
export function bytesOf(row: SqlRow, column: string): Uint8Array {
  const value = row[column];
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (value instanceof ArrayBuffer) return new Uint8Array(value.slice(0));
  throw new CorruptError(`read row: ${column} is not bytes`);
}

/** A column of bytes; `undefined` when it is absent or empty. @throws {CorruptError} */
export function optionalBytesOf(row: SqlRow, column: string): Uint8Array | undefined {
  if (row[column] === null || row[column] === undefined) return undefined;
  const bytes = bytesOf(row, column);
  return bytes.length === 0 ? undefined : bytes;
}

/** A column of an integer. Drivers return numbers, bigints or booleans. @throws {CorruptError} */
export function integerOf(row: SqlRow, column: string): number {
  const value = row[column];
  const number =
    typeof value === "number"
      ? value
      : typeof value === "bigint" || typeof value === "boolean"
        ? Number(value)
        : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw new CorruptError(`read row: ${column} is not an integer`);
}

/** A column of an integer; `fallback` when it is absent. @throws {CorruptError} */
export function optionalIntegerOf<T>(row: SqlRow, column: string, fallback: T): number | T {
  return row[column] === null || row[column] === undefined ? fallback : integerOf(row, column);
}

/** Quotes a name for SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
