import type { SqlLimits, SqlStatement, SqlValue } from "./sql_driver.ts";

/**
 * Rows of one statement, largest first. Few sizes keep the SQL texts few, so that a platform that caches
 * prepared statements by text finds them again. Above some 64 rows a larger statement is hardly faster
 * (measured on a file).
 */
const ROW_SIZES: readonly number[] = [128, 32, 8, 1];

/** Keys of one reading statement, smallest first. The rest of a list is padded to the next size. */
const KEY_SIZES: readonly number[] = [1, 8, 32, 128, 512, 2_048];

/** Bytes of SQL text that a statement may take besides its rows. Far above the longest one here. */
const FIXED_SQL_BYTES = 4_096;

/** Characters of a row's text besides its parameters: parentheses, comma, and the longest account id. */
const MAX_ROW_EXTRA = 20;

/** Characters of the place of a key and its comma. */
const MAX_PLACE_LENGTH = 5;

/** What a multi-row upsert is made of. */
export interface RowStatementParts {
  /** Up to and including the column list, for example `INSERT INTO t (device_id, id)`. */
  readonly insert: string;
  /** Columns besides `device_id`, which is always the first. */
  readonly columns: number;
  /**
   * Position of a column whose value the rows mostly have in common, among the columns besides `device_id`.
   * It is bound once for a statement, and rows that differ in it are in different statements: a parameter
   * less for each row is a twentieth of a flush.
   */
  readonly shared?: number;
  /**
   * Position of another column whose value most rows have in common. Where all rows of a statement have it in
   * common it is bound once, else for each row: it divides no statement.
   */
  readonly oftenShared?: number;
  /** What follows the rows, for example `ON CONFLICT (id) DO NOTHING`. */
  readonly conflict: string;
}

/**
 * An upsert of any number of rows, cut into statements of a few sizes. Rows are applied in order, also within
 * one statement: of two with the same key the later wins.
 */
export class RowStatement {
  readonly #parts: RowStatementParts;
  /**
   * Texts for the account that used them last, by number of rows; negative where they have the often shared
   * value in common.
   */
  #texts = new Map<number, string>();
  #accountId = 0;

  constructor(parts: RowStatementParts) {
    this.#parts = parts;
  }

  /**
   * The statements for `rows`, each given without its account id.
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
      const params: SqlValue[] = [];
      for (let index = start; index < end; index += 1) {
        const row = rows[index] ?? [];
        for (let column = 0; column < row.length; column += 1) {
          if (index > start && (column === shared || column === common)) continue;
          params.push(row[column] as SqlValue);
        }
      }
      chunks.push({ statement: { sql: this.#text(accountId, end - start, common), params }, start, end });
      start = end;
    }
    return chunks;
  }

  /**
   * How many of the rows that are left one statement takes. @param common The column that they have in
   * common.
   */
  #size(left: number, { maxParameters, maxSqlBytes }: SqlLimits, common: number | undefined): number {
    const { columns, shared } = this.#parts;
    const bound = (shared === undefined ? 0 : 1) + (common === undefined ? 0 : 1);
    const byParameters = Math.floor((maxParameters - bound) / (columns - bound));
    const bySqlBytes = Math.floor((maxSqlBytes - FIXED_SQL_BYTES) / (3 * columns + MAX_ROW_EXTRA));
    const largest = Math.max(1, Math.min(ROW_SIZES[0] ?? 1, byParameters, bySqlBytes));
    return left >= largest ? largest : (ROW_SIZES.find((rowCount) => rowCount <= left) ?? 1);
  }

  /**
   * The account id is an integer of ours and stands in the text: a parameter for each row costs a twentieth
   * of a flush.
   */
  #text(accountId: number, rows: number, common: number | undefined): string {
    if (accountId !== this.#accountId) {
      this.#texts = new Map();
      this.#accountId = accountId;
    }
    const key = common === undefined ? rows : -rows;
    let text = this.#texts.get(key);
    if (text === undefined) {
      const { insert, columns, conflict, shared } = this.#parts;
      const first = Array<string>(columns).fill("?");
      // Parameters are numbered from 1 as they come, so those of the first row by their columns.
      const others = first.map((parameter, column) =>
        column === shared || column === common ? `?${column + 1}` : parameter,
      );
      const values = [first, ...Array<string[]>(rows - 1).fill(others)];
      const list = values.map((row) => `(${accountId},${row.join(",")})`).join(",");
      text = `${insert} VALUES ${list} ${conflict}`;
      this.#texts.set(key, text);
    }
    return text;
  }
}

/**
 * The first row after the one at `start`, and before `end`, that has not the value of that one in a column;
 * `end` when all have.
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

/** One statement of a `RowStatement`, and the rows it covers: `start` up to but not including `end`. */
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
    const chunk = keys.slice(start, start + largest);
    const size = Math.min(KEY_SIZES.find((count) => count >= chunk.length) ?? largest, largest);
    // No row has a key with NULL.
    const padding = numbered ? Array<null>(parts).fill(null) : (chunk[chunk.length - 1] ?? []);
    while (chunk.length < size) chunk.push(padding);
    const params = [...fixed, ...chunk.flat(), ...last];
    statements.push({ sql: sql(keyList(parts, size, numbered)), params, start });
  }
  return statements;
}

function keyList(parts: number, size: number, numbered: boolean): string {
  const key = placeholders(parts);
  const list = Array.from({ length: size }, (_, place) => `(${numbered ? `${place},` : ""}${key})`);
  return `(VALUES ${list.join(",")})`;
}

function placeholders(count: number): string {
  return Array(count).fill("?").join(",");
}
