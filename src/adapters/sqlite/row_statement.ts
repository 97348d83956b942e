import type { SqlLimits, SqlStatement, SqlValue } from "./sql_driver.ts";

/**
 * Numbers of rows of one statement, largest first. Few sizes mean few SQL texts, so a platform that caches
 * prepared statements by text reuses them. Statements of more than 64 rows are hardly faster (measured on a
 * file).
 */
const ROW_SIZES: readonly number[] = [128, 32, 8, 1];

/**
 * Keys of one reading statement, smallest first. The rest of a list is padded to the next size. The largest
 * size takes both names of each member of the largest group.
 */
const KEY_SIZES: readonly number[] = [1, 8, 32, 128, 512, 2_048, 4_096];

/** Bytes of SQL text of a statement besides its rows. Far above the longest one here. */
const FIXED_SQL_BYTES = 4_096;

/** Characters of a row's text besides its parameters: parentheses, commas, and the place of the account id. */
const MAX_ROW_EXTRA = 5;

/** Characters of the place of a key and its comma. */
const MAX_PLACE_LENGTH = 5;

/** Parts of a multi-row upsert. */
export interface RowStatementParts {
  /** Up to and including the column list, for example `INSERT INTO t (device_id, id)`. */
  readonly insert: string;
  /** Columns besides `device_id`, which is always the first. */
  readonly columns: number;
  /**
   * Position, among the columns besides `device_id`, of a column in which most rows have the same value. It
   * is bound once per statement, and rows with different values go to different statements. One parameter
   * less per row saves a twentieth of a flush.
   */
  readonly shared?: number;
  /**
   * Position of another column in which most rows have the same value. If all rows of a statement do, it is
   * bound once, otherwise for each row. It never splits a statement.
   */
  readonly oftenShared?: number;
  /** The SQL after the rows, for example `ON CONFLICT (id) DO NOTHING`. */
  readonly conflict: string;
}

/**
 * Makes the upsert of a table whose rows are identified by `device_id` and `keys`, and whose `values` are
 * replaced. Columns are separated by a comma and a space, in the order in which rows have them.
 *
 * @param cleared Further assignments, with a comma behind each.
 */
export function upsert(
  table: string,
  keys: string,
  values: string,
  shares?: Pick<RowStatementParts, "shared" | "oftenShared">,
  cleared = "",
): RowStatement {
  const columns = `${keys}, ${values}`;
  return new RowStatement({
    ...shares,
    insert: `INSERT INTO ${table} (device_id, ${columns})`,
    columns: columns.split(", ").length,
    conflict: `ON CONFLICT (device_id, ${keys}) DO UPDATE SET ${cleared}${replaced(values)}`,
  });
}

/** The assignments that replace columns. */
export function replaced(columns: string): string {
  return columns.replaceAll(/\w+/g, "$& = excluded.$&");
}

/**
 * An upsert of any number of rows, split into statements of a few sizes. Rows are applied in order, also
 * within one statement, so of two rows with the same key the later one wins.
 */
export class RowStatement {
  readonly #parts: RowStatementParts;
  /** Texts by number of rows; negative where they have the often shared value in common. */
  readonly #texts = new Map<number, string>();

  constructor(parts: RowStatementParts) {
    this.#parts = parts;
  }

  /**
   * The statements for `rows`, which are passed without the account id.
   *
   * @returns One entry per statement: the statement, and which of the rows it covers.
   */
  split(accountId: number, rows: readonly (readonly SqlValue[])[], limits: SqlLimits): RowChunk[] {
    const chunks: RowChunk[] = [];
    const { shared, oftenShared } = this.#parts;
    let runEnd = 0;
    for (let start = 0; start < rows.length; ) {
      if (start === runEnd) runEnd = runOf(rows, start, rows.length, shared);
      let end = start + this.#size(runEnd - start, limits, oftenShared);
      const isCommon = oftenShared !== undefined && runOf(rows, start, end, oftenShared) === end;
      const common = isCommon ? oftenShared : undefined;
      if (!isCommon) end = start + this.#size(runEnd - start, limits, undefined);
      const params: SqlValue[] = [accountId];
      for (let index = start; index < end; index += 1) {
        const row = rows[index] ?? [];
        for (let column = 0; column < row.length; column += 1) {
          if (index > start && (column === shared || column === common)) continue;
          params.push(row[column] as SqlValue);
        }
      }
      chunks.push({ statement: { sql: this.#text(end - start, common), params }, start, end });
      start = end;
    }
    return chunks;
  }

  /**
   * Number of the remaining rows that one statement takes. @param common The column in which they are equal.
   */
  #size(left: number, { maxParameters, maxSqlBytes }: SqlLimits, common: number | undefined): number {
    const { columns, shared } = this.#parts;
    const bound = (shared === undefined ? 0 : 1) + (common === undefined ? 0 : 1);
    const byParameters = Math.floor((maxParameters - 1 - bound) / (columns - bound));
    const bySqlBytes = Math.floor((maxSqlBytes - FIXED_SQL_BYTES) / (3 * columns + MAX_ROW_EXTRA));
    const largest = Math.max(1, Math.min(ROW_SIZES[0] ?? 1, byParameters, bySqlBytes));
    return left >= largest ? largest : (ROW_SIZES.find((rowCount) => rowCount <= left) ?? 1);
  }

  /** The account id is the first parameter, bound once, so that the accounts of a database share the texts. */
  #text(rows: number, common: number | undefined): string {
    const key = common === undefined ? rows : -rows;
    let text = this.#texts.get(key);
    if (text === undefined) {
      const { insert, columns, conflict, shared } = this.#parts;
      const first = Array<string>(columns).fill("?");
      // Parameters are numbered as they come, so those of the first row by their columns, from 2.
      const others = first.map((parameter, column) =>
        column === shared || column === common ? `?${column + 2}` : parameter,
      );
      const values = [first, ...Array<string[]>(rows - 1).fill(others)];
      const list = values.map((row) => `(?1,${row.join(",")})`).join(",");
      text = `${insert} VALUES ${list} ${conflict}`;
      this.#texts.set(key, text);
    }
    return text;
  }
}

/**
 * Index of the first row between `start` and `end` whose value in a column differs from that of the row at
 * `start`; `end` if there is none.
 */
function runOf(
  rows: readonly (readonly SqlValue[])[],
  start: number,
  end: number,
  column: number | undefined,
): number {
  if (column === undefined) return end;
  const value = rows[start]?.[column];
  let at = start + 1;
  while (at < end && rows[at]?.[column] === value) at += 1;
  return at;
}

/** One statement of a `RowStatement`, and its rows: from `start` up to but not including `end`. */
export interface RowChunk {
  readonly statement: SqlStatement;
  readonly start: number;
  readonly end: number;
}

/** How a list of keys is bound. */
export interface KeyListOptions {
  /** Parameters in front of the list. */
  readonly fixed: readonly SqlValue[];
  /** Parameters behind it. */
  readonly last?: readonly SqlValue[];
  readonly limits: SqlLimits;
  /** Whether each key has its place in front of it, from 0. Padding is then no key. */
  readonly numbered?: boolean;
}

/** A statement over some of a list of keys: those from `start` on. */
export interface KeyStatement extends SqlStatement {
  readonly start: number;
}

/**
 * Cuts a list of keys into statements that look them up or change them: lists of a few sizes, padded by
 * repeating the last key. `sql` gets the list as a table in parentheses, `(VALUES (?,?),(?,?))`, which can
 * stand after `IN`.
 */
export function splitKeys(
  keys: readonly (readonly SqlValue[])[],
  { fixed, last = [], limits, numbered = false }: KeyListOptions,
  sql: (list: string) => string,
): KeyStatement[] {
  const parts = keys[0]?.length ?? 1;
  const byParameters = Math.floor((limits.maxParameters - fixed.length - last.length) / parts);
  const bySqlBytes = Math.floor((limits.maxSqlBytes - FIXED_SQL_BYTES) / (2 * parts + 2 + MAX_PLACE_LENGTH));
  const largest = Math.max(1, Math.min(KEY_SIZES[KEY_SIZES.length - 1] ?? 1, byParameters, bySqlBytes));
  const statements: KeyStatement[] = [];
  for (let start = 0; start < keys.length; start += largest) {
    const end = Math.min(start + largest, keys.length);
    const size = Math.min(KEY_SIZES.find((count) => count >= end - start) ?? largest, largest);
    // No row has a key with NULL.
    const padding = numbered ? Array<null>(parts).fill(null) : (keys[end - 1] ?? []);
    const params: SqlValue[] = [...fixed];
    for (let index = start; index < start + size; index += 1) {
      const key = index < end ? (keys[index] as readonly SqlValue[]) : padding;
      for (let part = 0; part < parts; part += 1) params.push(key[part] as SqlValue);
    }
    params.push(...last);
    statements.push({ sql: sql(keyList(parts, size, numbered)), params, start });
  }
  return statements;
}

/** Lists by what they are made of, of a few sizes: to write one takes a quarter of the time of a read. */
const keyLists = new Map<string, string>();

function keyList(parts: number, size: number, numbered: boolean): string {
  const name = `${parts},${size},${numbered}`;
  let list = keyLists.get(name);
  if (list === undefined) {
    list = writeKeyList(parts, size, numbered);
    keyLists.set(name, list);
  }
  return list;
}

function writeKeyList(parts: number, size: number, numbered: boolean): string {
  const key = placeholders(parts);
  const list = Array.from({ length: size }, (_, place) => `(${numbered ? `${place},` : ""}${key})`);
  return `(VALUES ${list.join(",")})`;
}

function placeholders(count: number): string {
  return Array(count).fill("?").join(",");
}
