import type { SqlValue } from "../sqlite/mod.ts";
import { closingOf, isName, type Token } from "./tokens.ts";

/** Words in front of the name of a table. */
const BEFORE_TABLE: ReadonlySet<string> = new Set([
  "FROM",
  "INTO",
  "UPDATE",
  "JOIN",
  "TABLE",
  "EXISTS",
  "ON",
]);

/** Puts the schema in front of each table, so that nothing depends on the search path of a connection. */
export function qualifyTables(
  tokens: readonly Token[],
  schema: string,
  tables: ReadonlySet<string>,
): Token[] {
  return tokens.flatMap((token, at) => {
    if (token === "sqlite_master") return [catalogOf(schema)];
    const isTable = tables.has(token) && BEFORE_TABLE.has(tokens[at - 1] ?? "") && tokens[at + 1] !== ".";
    return isTable ? [schema, ".", token] : [token];
  });
}

/** The tables and views of the schema, with the columns of SQLite's catalog. */
function catalogOf(schema: string): string {
  return `(SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END AS type, c.relname::text AS name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = '${schema}' AND c.relkind IN ('r', 'v', 'p')) AS catalog`;
}

/** A join of a table by columns is no cross join. SQLite uses the word to fix the order. */
export function translateJoins(tokens: readonly Token[], tables: ReadonlySet<string>): Token[] {
  return tokens.filter(
    (token, at) => !(token === "CROSS" && tokens[at + 1] === "JOIN" && tables.has(tokens[at + 2] ?? "")),
  );
}

/** Names each query behind FROM: before version 16, PostgreSQL requires it. */
export function nameSubqueries(tokens: readonly Token[]): Token[] {
  const translated = [...tokens];
  let names = 0;
  for (let at = 0; at < translated.length; at += 1) {
    const first = translated[at + 2];
    if (translated[at] !== "FROM" || translated[at + 1] !== "(" || (first !== "SELECT" && first !== "VALUES"))
      continue;
    const close = closingOf(translated, at + 1);
    const next = translated[close + 1];
    if (next === "AS" || isName(next)) continue;
    names += 1;
    translated.splice(close + 1, 0, "AS", `q${names}`);
  }
  return translated;
}

/** Numbers parameters as SQLite does: a bare one is one more than the greatest so far. */
export function numberParameters(tokens: readonly Token[]): Token[] {
  let greatest = 0;
  return tokens.map((token) => {
    if (!token.startsWith("?")) return token;
    const number = token === "?" ? greatest + 1 : Number(token.slice(1));
    greatest = Math.max(greatest, number);
    return `$${number}`;
  });
}

/**
 * Gives the keys of a list the types of the values of its first row, since nothing else tells which types the
 * columns of VALUES have.
 */
export function typeKeyLists(tokens: readonly Token[], params: readonly SqlValue[]): Token[] {
  const translated = [...tokens];
  for (let at = 1; at < translated.length; at += 1) {
    if (translated[at] !== "VALUES" || translated[at - 1] !== "(") continue;
    const close = closingOf(translated, at + 1);
    for (let cell = at + 2; cell < close; cell += 1) {
      const token = translated[cell] as Token;
      if (token.startsWith("$")) translated[cell] = `${token}::${typeOf(params[Number(token.slice(1)) - 1])}`;
    }
  }
  return translated;
}

function typeOf(value: SqlValue | undefined): string {
  if (typeof value === "number") return "bigint";
  return value instanceof Uint8Array ? "bytea" : "text";
}
