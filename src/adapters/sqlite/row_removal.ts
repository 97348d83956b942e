import { splitKeys } from "./row_statement.ts";
import type { SqlLimits, SqlResult, SqlStatement, SqlValue } from "./sql_driver.ts";

/** One statement of a `RowRemoval`, and its keys: from `start` up to but not including `end`. */
export interface KeyChunk {
  readonly statement: SqlStatement;
  readonly start: number;
  readonly end: number;
}

/**
 * A removal of any number of rows by their whole keys, split into statements of a few sizes that return the
 * keys of rows that existed.
 */
export class RowRemoval {
  readonly #table: string;
  readonly #columns: string;

  /** @param columns The key besides `device_id`, separated by a comma and a space. */
  constructor(table: string, columns: string) {
    this.#table = table;
    this.#columns = columns;
  }

  /** The statements for `keys`, each given without its account id. */
  split(accountId: number, keys: readonly (readonly SqlValue[])[], limits: SqlLimits): KeyChunk[] {
    const from = `DELETE FROM ${this.#table} WHERE device_id = ?`;
    const columns = this.#columns;
    const names = columns.split(", ");
    const [only] = keys;
    if (keys.length === 1 && only !== undefined) {
      const sql = `${from}${names.map((column) => ` AND ${column} = ?`).join("")}`;
      return [{ statement: { sql, params: [accountId, ...only] }, start: 0, end: 1 }];
    }
    const compared = names.length === 1 ? columns : `(${columns})`;
    let start = 0;
    return splitKeys(keys, { fixed: [accountId], limits }, (list) => {
      return `${from} AND ${compared} IN ${list} RETURNING ${columns}`;
    }).map((statement) => {
      const size = (statement.params.length - 1) / names.length;
      const chunk = { statement, start, end: Math.min(start + size, keys.length) };
      start = chunk.end;
      return chunk;
    });
  }

  /**
   * For each key of a chunk, whether its row existed. Of several equal keys, only the first counts.
   *
   * @param keys Those of the chunk.
   */
  removed(keys: readonly (readonly SqlValue[])[], result: SqlResult | undefined): boolean[] {
    if (keys.length === 1 && (result?.rows.length ?? 0) === 0) return [(result?.rowsAffected ?? 0) > 0];
    const found = new Set(result?.rows.map(idOf));
    return keys.map((key) => found.delete(idOf(key)));
  }
}

/** A text that is equal only for equal keys. */
function idOf(key: readonly SqlValue[]): string {
  return JSON.stringify(key);
}
