import { decodeUtf8 } from "../../bytes/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import type { SqlValue } from "../sqlite/mod.ts";

/** Columns whose types fit into one integer that JavaScript reads exactly. */
const GROUP_COLUMNS = 52;

/** Texts whose checked form is remembered. The backend has fewer. */
const MAX_KNOWN = 1_024;

const known = new Map<string, string | undefined>();

/**
 * A statement that returns the same rows without text: the bytes of each text, and in a last column, one for
 * each 52, which columns these are. A damaged byte can make a value of any type a text, and a text that is no
 * UTF-8, which ends the process inside the native library. `undefined` for a statement that is no query of
 * known columns.
 */
export function withoutText(sql: string): string | undefined {
  const found = known.get(sql);
  if (found !== undefined || known.has(sql)) return found;
  if (known.size >= MAX_KNOWN) known.clear();
  const checked = checkedForm(sql);
  known.set(sql, checked);
  return checked;
}

/**
 * Makes the rows of a statement of `withoutText` those of the statement itself, in place.
 *
 * @param bad What becomes of bytes that are no UTF-8.
 */
export function decodeTexts(
  rows: SqlValue[][],
  bad: (bytes: SqlValue | undefined) => SqlValue,
): SqlValue[][] {
  const groups = Math.ceil((rows[0]?.length ?? 0) / (GROUP_COLUMNS + 1));
  for (const row of rows) {
    for (let group = groups - 1; group >= 0; group -= 1) {
      // Most rows of a batch have no text.
      let types = Number(row.pop());
      for (let at = group * GROUP_COLUMNS; types > 0; at += 1, types = Math.floor(types / 2)) {
        if (types % 2 === 0) continue;
        const cell = row[at];
        row[at] = (cell instanceof Uint8Array ? decodeUtf8(cell) : undefined) ?? bad(cell);
      }
    }
  }
  return rows;
}

/** @throws {CorruptError} */
export function refuseBadText(): never {
  throw new CorruptError("read: a stored text is not UTF-8, the database is damaged: restore a backup");
}

function checkedForm(sql: string): string | undefined {
  const [, change, returned] = /^(\s*(?:DELETE|INSERT|UPDATE)\b.*\bRETURNING )([\w, ]+)$/s.exec(sql) ?? [];
  if (change !== undefined && returned !== undefined)
    return `${change}${checkedColumns(returned.split(", "))}`;
  const count = countColumns(sql);
  if (count === 0) return undefined;
  const columns = Array.from({ length: count }, (_, index) => `c${index}`);
  return `WITH checked (${columns.join(",")}) AS (${sql}) SELECT ${checkedColumns(columns)} FROM checked`;
}

function checkedColumns(columns: readonly string[]): string {
  const isText = (column: string): string => `typeof(${column})='text'`;
  const cells = columns.map((column) => `iif(${isText(column)},CAST(${column} AS BLOB),${column})`);
  const types: string[] = [];
  for (let start = 0; start < columns.length; start += GROUP_COLUMNS) {
    const group = columns.slice(start, start + GROUP_COLUMNS);
    types.push(group.map((column, index) => `(${isText(column)})*${2 ** index}`).join("+"));
  }
  return [...cells, ...types].join(",");
}

/** Words, quoted texts and names, and signs of a statement. */
const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\w+|[^\s\w]/g;

const AFTER_COLUMNS = /^(?:FROM|WHERE|GROUP|ORDER|LIMIT|UNION|EXCEPT|INTERSECT)$/i;

/** The number of columns of a query, 0 when it is none or does not say. */
function countColumns(sql: string): number {
  if (!/^\s*(?:SELECT|WITH)\b.*\bFROM\b/is.test(sql)) return 0;
  let depth = 0;
  let count = 0;
  for (const [token] of sql.matchAll(TOKEN)) {
    if (token === "(") depth += 1;
    else if (token === ")") depth -= 1;
    if (depth > 0) continue;
    if (count === 0) count = /^SELECT$/i.test(token) ? 1 : 0;
    else if (AFTER_COLUMNS.test(token)) break;
    else if (token === ",") count += 1;
    else if (token === "*" || token === ";") return 0;
  }
  return count;
}
