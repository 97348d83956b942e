import type { SqlValue } from "../sqlite/mod.ts";
import { type RowInsert, readRowInsert, translateReplace } from "./row_insert.ts";
import { closingOf, sqlOf, type Token, tokensOf } from "./tokens.ts";
import { qualifyUpsert, translateCheck, translateExpressions } from "./translate_expressions.ts";
import {
  nameSubqueries,
  numberParameters,
  qualifyTables,
  translateJoins,
  typeKeyLists,
} from "./translate_queries.ts";
import { translateTable } from "./translate_tables.ts";

/** Names of the database that a statement is translated for. */
export interface Names {
  /** The schema of the tables. */
  readonly schema: string;
  readonly tables: ReadonlySet<string>;
}

/** A translated statement. */
export interface Translation {
  readonly sql: string;
  /** Whether it returns rows. */
  readonly reads: boolean;
  /**
   * The column of its rows that is of several types in SQLite, from the end when below zero: see `mixedCell`.
   */
  readonly mixed: number | undefined;
  /** Its rows, when it inserts several. */
  readonly insert: RowInsert | undefined;
}

/**
 * Translates a statement of the SQLite backend to PostgreSQL.
 *
 * The statements follow a convention that this relies on: keywords are upper case, names and functions are
 * lower case, and no name is quoted.
 *
 * @param params Those of the statement. Only their types are used, which are the same for each of its uses.
 */
export function translate(sql: string, params: readonly SqlValue[], { schema, tables }: Names): Translation {
  let tokens: readonly Token[] = numberParameters(tokensOf(sql));
  const insert = readRowInsert(tokens);
  tokens = translateReplace(tokens);
  if (tokens[0] === "CREATE" || tokens[0] === "ALTER") tokens = translateTable(tokens);
  if (tokens[0] === "INSERT") tokens = qualifyUpsert(tokens, tokens[2] as Token);
  tokens = typeKeyLists(tokens, params);
  tokens = translateCheck(tokens);
  tokens = translateJoins(tokens, tables);
  tokens = qualifyTables(tokens, schema, tables);
  // The incarnation of a lease is of several types where it is read.
  const mixed = mixedColumn(tokens);
  tokens = translateExpressions(tokens);
  tokens = nameSubqueries(tokens);
  const isWrite = tokens.some((token) => token === "INSERT" || token === "UPDATE" || token === "DELETE");
  const isLayout = tokens[0] === "CREATE" || tokens[0] === "ALTER";
  return { sql: sqlOf(tokens), reads: isWrite ? tokens.includes("RETURNING") : !isLayout, mixed, insert };
}

/** The place of a column that is chosen by `iif`, from the end. */
function mixedColumn(tokens: readonly Token[]): number | undefined {
  const start = tokens.indexOf("iif");
  if (start === -1) return undefined;
  let place = -1;
  for (let at = closingOf(tokens, start + 1) + 1; at < tokens.length && tokens[at] !== "FROM"; at += 1) {
    if (tokens[at] === "(") at = closingOf(tokens, at);
    else if (tokens[at] === ",") place -= 1;
  }
  return place;
}
