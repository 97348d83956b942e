import { RefusedError } from "../errors/mod.ts";
import type { ForeignStatement, ForeignValue, SqlReader } from "./ports.ts";
import { columnsOf, quoted, type SqlColumn } from "./sql_rows.ts";

/** The values of a row, by column. Columns that the table lacks are left out. */
export type RowValues = Readonly<Record<string, ForeignValue>>;

/** Tables of another program, as they are in its database. */
export class SqlTarget {
  readonly #target: string;
  readonly #sql: SqlReader;
  readonly #columns = new Map<string, ReadonlyMap<string, SqlColumn>>();

  constructor(target: string, sql: SqlReader) {
    this.#target = target;
    this.#sql = sql;
  }

  /**
   * Looks a table up. @throws {RefusedError} When the database lacks it: the program creates its tables.
   */
  async require(table: string): Promise<void> {
    if (await this.has(table)) return;
    throw new RefusedError(
      `export ${this.#target}: the database has no table ${table}; start the program once, so that it makes its tables, stop it, and export then`,
    );
  }

  async has(table: string): Promise<boolean> {
    const columns = this.#columns.get(table) ?? (await columnsOf(this.#sql, table));
    this.#columns.set(table, columns);
    return columns.size > 0;
  }

  /**
   * The statement that stores a row.
   *
   * @throws {RefusedError} When the table has a column that must have a value and that no release known here
   * has.
   */
  async row(
    table: string,
    values: RowValues,
    conflict: "REPLACE" | "IGNORE" = "REPLACE",
  ): Promise<ForeignStatement> {
    await this.require(table);
    const columns = this.#columns.get(table) ?? new Map<string, SqlColumn>();
    const unknown = [...columns].find(([name, { isRequired }]) => isRequired && !(name in values));
    if (unknown !== undefined) {
      throw new RefusedError(
        `export ${this.#target}: table ${table} needs a value for ${unknown[0]}; the database is of an unknown version`,
      );
    }
    const names = Object.keys(values).filter((name) => columns.has(name));
    const isEmpty = (name: string): boolean => {
      const value = values[name];
      return value instanceof Uint8Array && value.length === 0;
    };
    // `node:sqlite` binds no bytes as NULL.
    const marks = names.map((name) => (isEmpty(name) ? "x''" : "?")).join(", ");
    return {
      sql: `INSERT OR ${conflict} INTO ${quoted(table)} (${names.map(quoted).join(", ")}) VALUES (${marks})`,
      params: names.filter((name) => !isEmpty(name)).map((name) => values[name] ?? null),
    };
  }
}
