import type { SqlResult, SqlValue } from "../sqlite/mod.ts";
import { cellOf, type HexReader } from "./cells.ts";
import { forgetStatements, statementName } from "./pg_statement_names.ts";
import { DriverFailure, type PostgresStatement } from "./postgres_driver.ts";

/** The used part of the connection of a client of `pg`. */
export interface PgConnection {
  readonly stream: { cork?(): void; uncork?(): void };
  parse(statement: { readonly text: string; readonly name: string }): void;
  bind(bound: {
    readonly portal: string;
    readonly statement: string;
    readonly values: readonly unknown[];
    readonly binary: boolean;
  }): void;
  describe(what: { readonly type: "P"; readonly name: string }): void;
  execute(what: { readonly portal: string; readonly rows: number }): void;
  sync(): void;
}

/** How values are converted between this package and `pg`. */
export interface PgValues {
  /** Whether statements stay prepared. */
  readonly isPrepared: boolean;
  readonly readHex: HexReader;
  /** `pg` sends an instance of `Buffer` as it is, and everything else as text. */
  readonly toBuffer: (bytes: Uint8Array) => Uint8Array;
}

/** Called once: with an error, or with the results. */
type Settle = (error: unknown, results?: readonly SqlResult[]) => void;

/**
 * Statements in one round trip: parse, bind and execute of each, and one Sync behind the last. The server
 * runs them as one transaction, since it ends one at a Sync, and skips what follows an error.
 *
 * It is what `Client.query` of `pg` takes when it has a method `submit`: an object that is called with what the
 * server answers.
 */
export class PgBatch {
  readonly #statements: readonly PostgresStatement[];
  readonly #values: PgValues;
  readonly #results: SqlResult[] = [];
  /** What it prepares under a name, and with which statement. */
  readonly #prepared: { readonly sql: string; readonly index: number }[] = [];
  #types: readonly number[] = [];
  #rows: SqlValue[][] = [];
  #failure: unknown;
  /** Called by `pg` too, which replaces it to end its own timer. */
  callback: Settle;

  constructor(statements: readonly PostgresStatement[], values: PgValues, settle: Settle) {
    this.#statements = statements;
    this.#values = values;
    this.callback = settle;
  }

  submit(connection: PgConnection): null {
    // Otherwise each message would be a write, and a packet, of its own.
    connection.stream.cork?.();
    try {
      for (const [index, statement] of this.#statements.entries()) this.#send(connection, statement, index);
      connection.sync();
    } finally {
      connection.stream.uncork?.();
    }
    return null;
  }

  #send(connection: PgConnection, { sql, params, reads }: PostgresStatement, index: number): void {
    const { isPrepared, toBuffer } = this.#values;
    const { name, isNew } = isPrepared ? statementName(connection, sql) : { name: "", isNew: true };
    if (isNew) {
      connection.parse({ text: sql, name });
      if (name !== "") this.#prepared.push({ sql, index });
    }
    const values = params.map((value) => {
      if (typeof value === "number") return String(value);
      return value instanceof Uint8Array ? toBuffer(value) : value;
    });
    connection.bind({ portal: "", statement: name, values, binary: false });
    if (reads) connection.describe({ type: "P", name: "" });
    connection.execute({ portal: "", rows: 0 });
  }

  handleRowDescription({ fields }: { readonly fields: readonly { readonly dataTypeID: number }[] }): void {
    this.#types = fields.map(({ dataTypeID }) => dataTypeID);
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    if (this.#statements[this.#results.length]?.reads !== true || this.#failure !== undefined) return;
    try {
      const { readHex } = this.#values;
      this.#rows.push(fields.map((field, index) => cellOf(field, this.#types[index], readHex)));
    } catch (error) {
      this.#failure = error;
    }
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    // "INSERT 0 5", "UPDATE 3", "DELETE 1", "SELECT 2"
    const changed = text.startsWith("SELECT") ? 0 : Number(/ (\d+)$/.exec(text)?.[1] ?? 0);
    this.#results.push({ rows: this.#rows, rowsAffected: changed });
    this.#rows = [];
  }

  handleEmptyQuery(): void {
    this.#results.push({ rows: [], rowsAffected: 0 });
  }

  handlePortalSuspended(): void {}

  handleCopyInResponse(): void {}

  handleCopyData(): void {}

  handleError(error: unknown, connection: PgConnection): void {
    const statementIndex = this.#results.length;
    // The server skips what follows an error.
    const skipped = this.#prepared.filter(({ index }) => index >= statementIndex);
    forgetStatements(
      connection,
      skipped.map(({ sql }) => sql),
    );
    this.callback(new DriverFailure(error, { statementIndex }));
  }

  handleReadyForQuery(): void {
    this.callback(this.#failure, this.#results);
  }
}
