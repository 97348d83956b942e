import { hexOf } from "../../bytes/mod.ts";
import type { Cell, Row } from "./cell.ts";
import { splitKeys } from "./row_statement.ts";
import type { SqlDriver, SqlValue } from "./sql_driver.ts";

/**
 * The id of the account, by name: a read is right also when the account was deleted and registered again by
 * another process, and costs no round trip to find out. Its parameter comes first in every statement.
 */
export const SCOPE = "(SELECT device_id FROM account WHERE name = ?)";

/** Runs the reads of one account. */
export class ReadScope {
  readonly account: string;
  readonly #driver: SqlDriver;

  constructor(driver: SqlDriver, account: string) {
    this.#driver = driver;
    this.account = account;
  }

  /** Runs a statement whose first parameter is that of `SCOPE`. */
  query(sql: string, params: readonly SqlValue[]): Promise<readonly Row[]> {
    return this.#driver.query(sql, [this.account, ...params]);
  }

  /** As `query`, and returns the first row. */
  async first(sql: string, params: readonly SqlValue[]): Promise<Row | undefined> {
    const rows = await this.query(sql, params);
    return rows[0];
  }

  /**
   * Looks up many keys in as few statements as the driver's limits allow. `sql` gets the list for its `IN`.
   *
   * @returns The rows of all keys, in no particular order across statements.
   */
  async select(
    keys: readonly (readonly SqlValue[])[],
    sql: (list: string) => string,
    fixed: readonly SqlValue[] = [],
  ): Promise<Row[]> {
    const options = { fixed: [this.account, ...fixed], limits: this.#driver.limits };
    const rows: Row[] = [];
    for (const statement of splitKeys(keys, options, sql)) {
      for (const row of await this.#driver.query(statement.sql, statement.params)) rows.push(row);
    }
    return rows;
  }

  /**
   * As `select`, and finds the row of each key again by the statement's first column, which holds the last
   * part of the key; `idOf` makes a text of either.
   *
   * @returns The row of each key, in the order of `keys`; of several rows of one key the first.
   */
  async lookUp(
    keys: readonly (readonly SqlValue[])[],
    sql: (list: string) => string,
    { idOf = String, fixed = [] }: { idOf?: (cell: Cell) => string; fixed?: readonly SqlValue[] } = {},
  ): Promise<(Row | undefined)[]> {
    const found = new Map<string, Row>();
    for (const row of await this.select(keys, sql, fixed)) {
      const id = idOf(row[0]);
      if (!found.has(id)) found.set(id, row);
    }
    return keys.map((key) => found.get(idOf(key[key.length - 1])));
  }
}

/** Bytes as text, equal for equal bytes. */
export function bytesId(cell: Cell): string {
  return cell instanceof Uint8Array ? hexOf(cell) : "";
}
