import { argumentsOf, closingOf, type Token } from "./tokens.ts";

/** The rows of an insert of several rows by their keys. */
export interface RowInsert {
  /** Columns of the key besides `device_id`, which are the first ones of each row. */
  readonly keyColumns: number;
  /** For each row, the numbers of its parameters behind that of the account, which is the first. */
  readonly rows: readonly (readonly number[])[];
}

/** The table in which a row that is written again gets a new number, and its key. */
const RENUMBERED = { table: "lid_mapping", key: ["device_id", "lid"], number: "seq" };

/** Reads the rows of `INSERT … VALUES ($1, $2, $3), ($1, $4, $5)`; `undefined` for any other statement. */
export function readRowInsert(tokens: readonly Token[]): RowInsert | undefined {
  if (tokens[0] !== "INSERT") return undefined;
  const rows: number[][] = [];
  for (let open = tokens.indexOf("VALUES") + 1; tokens[open] === "("; ) {
    const close = closingOf(tokens, open);
    const cells = argumentsOf(tokens, open, close).slice(1);
    rows.push(cells.map(([token = ""]) => Number(token.slice(1))));
    open = tokens[close + 1] === "," ? close + 2 : tokens.length;
  }
  return rows.length < 2 ? undefined : { keyColumns: keyOf(tokens).length - 1, rows };
}

function keyOf(tokens: readonly Token[]): readonly Token[] {
  if (tokens[1] === "OR") return RENUMBERED.key;
  const conflict = tokens.indexOf("CONFLICT");
  return argumentsOf(tokens, conflict + 1, closingOf(tokens, conflict + 1)).map(([column = ""]) => column);
}

/** Replaces `INSERT OR REPLACE`, which PostgreSQL does not have. */
export function translateReplace(tokens: readonly Token[]): readonly Token[] {
  if (tokens[0] !== "INSERT" || tokens[1] !== "OR") return tokens;
  const [table, open] = [tokens[4], 5];
  if (table !== RENUMBERED.table) throw new RangeError("translate statement: no key of a replaced row");
  const columns = argumentsOf(tokens, open, closingOf(tokens, open)).map(([column = ""]) => column);
  const changed = [...columns.filter((column) => !RENUMBERED.key.includes(column)), RENUMBERED.number];
  const conflict = ["ON", "CONFLICT", "(", RENUMBERED.key.join(", "), ")", "DO", "UPDATE", "SET"];
  const assignments = changed.flatMap((column, index) => [
    ...(index === 0 ? [] : [","]),
    ...[column, "=", "excluded", ".", column],
  ]);
  return [tokens[0], ...tokens.slice(3), ...conflict, ...assignments];
}

/**
 * Where a key comes again: the index of each row that must be in a later statement than those before it, since
 * PostgreSQL changes a row once in a statement.
 *
 * @param params Those of the statement.
 */
export function repeatedKeys({ rows, keyColumns }: RowInsert, params: readonly unknown[]): number[] {
  const starts: number[] = [];
  let seen = new Set<string>();
  for (const [index, row] of rows.entries()) {
    const key = row
      .slice(0, keyColumns)
      .map((number) => params[number - 1])
      .join("\0");
    if (seen.has(key)) {
      starts.push(index);
      seen = new Set();
    }
    seen.add(key);
  }
  return starts;
}
