import type { Row } from "./cell.ts";
import { splitKeys } from "./row_statement.ts";
import type { SqlDriver, SqlValue } from "./sql_driver.ts";

/**
 * The device id of the account, by name: a read is right also when the account was deleted and registered again by
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
   * Looks up many keys in as few statements as the driver's limits allow. `sql` gets the list for its `IN`; the
   * statement's first column is the key by which a row is found again.
   *
   * @returns The row of each key, in the order of `keys`; of several rows of one key the first.
   */
  async lookUp(
    keys: readonly (readonly SqlValue[])[],
    options: { readonly fixed?: readonly SqlValue[]; readonly keyOf: (cells: Row) => string },
    sql: (list: string) => string,
  ): Promise<(Row | undefined)[]> {
    const fixed = [this.account, ...(options.fixed ?? [])];
    const found = new Map<string, Row>();
    for (const statement of splitKeys(keys, { fixed, limits: this.#driver.limits }, sql)) {
      for (const row of await this.#driver.query(statement.sql, statement.params)) {
        const key = options.keyOf(row.slice(0, 1));
        if (!found.has(key)) found.set(key, row);
      }
    }
    return keys.map((key) => found.get(options.keyOf(key.slice(-1))));
  }
}

/** The only part of a text key. */
export function textKey(cells: Row): string {
  return String(cells[0]);
}

/** The only part of a key of bytes, as text. */
export function bytesKey(cells: Row): string {
  const [cell] = cells;
  if (!(cell instanceof Uint8Array)) return "";
  let text = "";
  for (const byte of cell) text += byte.toString(16).padStart(2, "0");
  return text;
}
