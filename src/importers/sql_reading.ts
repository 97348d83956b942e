import type { Write } from "../backend/mod.ts";
import { CorruptError, IncompatibleError, StoreError } from "../errors/mod.ts";
import type { NamedWrite, ReadingOptions } from "./foreign_state.ts";
import type { ForeignValue, SqlReader } from "./ports.ts";
import type { SkipReason, Tally } from "./report.ts";
import { columnsOf, type PagedQuery, pagedRows, quoted, type SqlRow } from "./sql_rows.ts";

/** What a row becomes. */
export type RowConversion = readonly Write[] | SkipReason;

/** A table and the conversion of its rows. */
export interface TableReading {
  readonly table: string;
  /** Columns that are read if they exist. Those of the key must. */
  readonly columns: readonly string[];
  readonly key: readonly string[];
  /** The account's rows, such as `jid = …`. */
  readonly where: readonly (readonly [column: string, value: ForeignValue])[];
  /** Names a row in the report, never by a value of it. Defaults to its key. */
  readonly nameOf?: ((row: SqlRow) => string) | undefined;
  convert(row: SqlRow): RowConversion;
}

/**
 * The row of an account. Without it there is no account, so its damage is never left out.
 *
 * @throws {CorruptError} When it is damaged.
 */
export function requiredRow<T>(source: string, table: string, convert: () => T): T {
  try {
    return convert();
  } catch (error) {
    if (!isDamage(error)) throw error;
    throw new CorruptError(
      `import ${source}: the row of ${table} is damaged (${error.message}); put back a copy of the database`,
      { cause: error },
    );
  }
}

/** Reads the tables of one foreign database. */
export class SqlReading {
  readonly #source: string;
  readonly #sql: SqlReader;
  readonly #tally: Tally;
  readonly #options: ReadingOptions;

  constructor(source: string, sql: SqlReader, tally: Tally, options: ReadingOptions) {
    this.#source = source;
    this.#sql = sql;
    this.#tally = tally;
    this.#options = options;
  }

  get tally(): Tally {
    return this.#tally;
  }

  /**
   * The one row of the table of accounts that is meant.
   *
   * @throws {IncompatibleError} When there is no such table or account, or more than one and none is named.
   */
  async account(
    table: string,
    column: string,
    wanted: ForeignValue | undefined,
    option: string,
  ): Promise<SqlRow> {
    const columns = await columnsOf(this.#sql, table);
    if (!columns.has(column)) {
      throw new IncompatibleError(
        `import ${this.#source}: the database has no table ${table}; is it another file?`,
      );
    }
    const scope = wanted === undefined ? "" : ` WHERE ${quoted(column)} = ?`;
    const rows = await this.#sql.all(
      `SELECT * FROM ${quoted(table)}${scope} ORDER BY ${quoted(column)} LIMIT 2`,
      wanted === undefined ? [] : [wanted],
    );
    const [row] = rows;
    if (row === undefined)
      throw new IncompatibleError(`import ${this.#source}: there is no such account in ${table}`);
    if (rows.length > 1)
      throw new IncompatibleError(
        `import ${this.#source}: there are several accounts in ${table}; name one by ${option}`,
      );
    return row;
  }

  /** All rows of an account in a table, converted. A table that is missing has none. */
  async *table(reading: TableReading): AsyncIterable<NamedWrite> {
    const { table, key } = reading;
    for await (const row of this.rows(reading)) {
      this.#tally.found(table);
      const name = reading.nameOf?.(row) ?? key.map((column) => shown(row[column])).join(" ");
      const converted = this.undamaged(table, name, () => reading.convert(row));
      if (converted === undefined) continue;
      if (typeof converted === "string") this.#tally.skip(table, converted, name);
      else for (const write of converted) yield { kind: table, name, write };
    }
  }

  /** The rows of an account in a table. */
  async *rows({ table, columns, key, where }: Omit<TableReading, "convert">): AsyncIterable<SqlRow> {
    const present = await columnsOf(this.#sql, table);
    if (present.size === 0) return;
    const missing = [...key, ...where.map(([column]) => column)].find((column) => !present.has(column));
    if (missing !== undefined) {
      throw new IncompatibleError(
        `import ${this.#source}: table ${table} has no column ${missing}; the database is of an unknown version`,
      );
    }
    const query: PagedQuery = { table, columns: columns.filter((column) => present.has(column)), key, where };
    yield* pagedRows(this.#sql, query);
  }

  /** Counts tables that are not imported. */
  async notKept(tables: readonly string[]): Promise<void> {
    for (const table of tables) {
      if ((await columnsOf(this.#sql, table)).size === 0) continue;
      const [row] = await this.#sql.all(`SELECT COUNT(*) AS count FROM ${quoted(table)}`, []);
      for (let left = Number(row?.count ?? 0); left > 0; left--) {
        this.#tally.found(table);
        this.#tally.skip(table, "not-kept", table);
      }
    }
  }

  /** A conversion; `undefined` when the value is damaged and may be left out. @throws {CorruptError} */
  undamaged<T>(table: string, name: string, convert: () => T): T | undefined {
    try {
      return convert();
    } catch (error) {
      if (!isDamage(error)) throw error;
      if (this.#options.skipDamaged !== true) {
        throw new CorruptError(
          `import ${this.#source}: row ${name} of ${table} is damaged (${error.message}); put back a copy of the database, or leave it out with skipDamaged`,
          { cause: error },
        );
      }
      this.#tally.skip(table, "damaged", name);
      return undefined;
    }
  }
}

/** A key in a report: text and numbers as they are, bytes by their length. */
function shown(value: unknown): string {
  return value instanceof Uint8Array ? `${value.length} bytes` : String(value);
}

/** Whether a conversion refused a value: decoders and encoders throw these. */
function isDamage(error: unknown): error is Error {
  return error instanceof StoreError || error instanceof RangeError || error instanceof TypeError;
}
