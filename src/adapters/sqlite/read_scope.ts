import type { Row } from "./cell.ts";
import { splitKeys } from "./row_statement.ts";
import type { SqlDriver, SqlValue } from "./sql_driver.ts";

/**
 * The id of the account, looked up by name in each statement. So a read is correct even after another process
 * has deleted the account and registered it again, without another round trip. Its parameter is the first of
 * every statement.
 */
export const SCOPE = "(SELECT device_id FROM account WHERE name = ?1)";

/**
 * What `ReadScope.lookUp` reads: columns of a table, by the columns of a key besides `device_id`, and what
 * follows in the statement.
 */
type LookUp = readonly [columns: string, table: string, key: string, tail?: string];

/** Runs the reads of one account. */
export class ReadScope {
  readonly account: string;
  readonly #driver: SqlDriver;

  constructor(driver: SqlDriver, account: string) {
    this.#driver = driver;
    this.account = account;
  }

  /** Runs a statement whose first parameter is that of `SCOPE`. */
  query(sql: string, params: readonly SqlValue[], onlyFirst?: boolean): Promise<readonly Row[]> {
    return this.#driver.query(sql, [this.account, ...params], onlyFirst);
  }

  /** As `query`, and returns the first row. */
  async first(sql: string, params: readonly SqlValue[]): Promise<Row | undefined> {
    const rows = await this.query(sql, params, true);
    return rows[0];
  }

  /**
   * Looks up many keys in as few statements as the driver's limits allow. `sql` gets the list for its `IN`.
   *
   * @returns The rows of all keys, in no particular order across statements.
   */
  async select(keys: readonly (readonly SqlValue[])[], sql: (list: string) => string): Promise<Row[]> {
    const options = { fixed: [this.account], limits: this.#driver.limits };
    const rows: Row[] = [];
    for (const statement of splitKeys(keys, options, sql)) {
      for (const row of await this.#driver.query(statement.sql, statement.params)) rows.push(row);
    }
    return rows;
  }

  /**
   * Reads the row of each key. A row is matched by the position of its key in the list, not by its own
   * columns, which may be damaged.
   *
   * @param last The parameters behind those of the keys.
   * @returns The columns of the rows, and one more, in the order of `keys`. Of several rows with one key, the
   * first.
   */
  async lookUp(
    keys: readonly (readonly SqlValue[])[],
    [columns, table, key, tail = ""]: LookUp,
    last: readonly SqlValue[] = [],
  ): Promise<(Row | undefined)[]> {
    const options = { fixed: [this.account], last, limits: this.#driver.limits, numbered: true };
    const statements = splitKeys(keys, options, (list) => {
      return (
        `WITH scope (device_id) AS (SELECT ${SCOPE}), scoped_keys (n, ${key}) AS ${list} ` +
        `SELECT ${columns}, n FROM scope CROSS JOIN scoped_keys CROSS JOIN ${table} USING (device_id, ${key}) ${tail}`
      );
    });
    const found: (Row | undefined)[] = keys.map(() => undefined);
    for (const { sql, params, start } of statements) {
      // The place stays behind the columns: a copy of each row takes as long as the row itself.
      for (const row of await this.#driver.query(sql, params))
        found[start + Number(row[row.length - 1])] ??= row;
    }
    return found;
  }
}
