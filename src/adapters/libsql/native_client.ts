import type { LibsqlCell, LibsqlClient, LibsqlResult, LibsqlStatement } from "./libsql_client.ts";

/** The part of the package `libsql` that is used here: its `Database`. */
export type NativeLibrary = new (path: string, options: { readonly timeout: number }) => NativeDatabase;

/** An open file. */
export interface NativeDatabase {
  readonly inTransaction: boolean;
  readonly open: boolean;
  exec(sql: string): unknown;
  prepare(sql: string): NativeStatement;
  close(): unknown;
}

/** A prepared statement. Its positional parameters are given as one array. */
export interface NativeStatement {
  /** Whether it answers with rows. */
  readonly reader: boolean;
  /** From now on rows are arrays. */
  raw(isRaw: boolean): unknown;
  run(...params: unknown[]): { readonly changes: number };
  all(...params: unknown[]): unknown[];
}

/**
 * Texts that are at least so long are kept prepared: those of many rows or keys, of which there are few, and
 * which take a tenth of a flush to prepare. A short one is prepared in no time.
 */
const MIN_KEPT_CHARS = 512;

/** Statements that are kept. The one that was used longest ago goes first. */
const MAX_KEPT = 32;

/**
 * One file through the native library itself, which keeps statements prepared as `@libsql/client` does not.
 */
export class NativeClient implements LibsqlClient {
  readonly #connect: () => NativeDatabase;
  readonly #kept = new Map<string, NativeStatement>();
  /** Opened when it is needed: an opening that fails is the failure of what needed it. */
  #database: NativeDatabase | undefined;
  #isClosed = false;

  /** @param timeoutMs How long SQLite itself waits for another writer. */
  constructor(library: NativeLibrary, path: string, timeoutMs: number) {
    this.#connect = () => new library(path, { timeout: timeoutMs });
  }

  async execute(statement: LibsqlStatement): Promise<LibsqlResult> {
    return this.#run(this.#opened(), statement);
  }

  async batch(statements: LibsqlStatement[], _mode: "write"): Promise<LibsqlResult[]> {
    const database = this.#opened();
    database.exec("BEGIN IMMEDIATE");
    const results: LibsqlResult[] = [];
    try {
      for (const statement of statements) results.push(this.#run(database, statement));
      database.exec("COMMIT");
      return results;
    } catch (error) {
      // A connection is closed for good only when its statements are collected: until then it would hold the
      // lock.
      if (database.open && database.inTransaction) database.exec("ROLLBACK");
      const isOfStatement = results.length < statements.length && error instanceof Error;
      throw isOfStatement ? Object.assign(error, { statementIndex: results.length }) : error;
    }
  }

  reconnect(): void {
    this.#kept.clear();
    if (this.#database?.open === true) this.#database.close();
    this.#database = undefined;
  }

  close(): void {
    this.reconnect();
    this.#isClosed = true;
  }

  #opened(): NativeDatabase {
    if (this.#isClosed) throw Object.assign(new Error("the connection is closed"), { code: "CLIENT_CLOSED" });
    this.#database ??= this.#connect();
    return this.#database;
  }

  #run(database: NativeDatabase, { sql, args }: LibsqlStatement): LibsqlResult {
    const statement = this.#prepared(database, sql);
    if (!statement.reader) return { rows: [], rowsAffected: statement.run(args).changes };
    const rows = statement.all(args) as LibsqlCell[][];
    for (const row of rows) requireExact(row);
    return { rows, rowsAffected: 0 };
  }

  #prepared(database: NativeDatabase, sql: string): NativeStatement {
    const kept = this.#kept.get(sql);
    const statement = kept ?? database.prepare(sql);
    if (kept === undefined && statement.reader) statement.raw(true);
    if (sql.length < MIN_KEPT_CHARS) return statement;
    this.#kept.delete(sql);
    this.#kept.set(sql, statement);
    if (this.#kept.size > MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value ?? "");
    return statement;
  }
}

/** @throws {RangeError} When an integer is too large for a number: the library has rounded it. */
function requireExact(row: readonly LibsqlCell[]): void {
  for (const cell of row) {
    if (typeof cell === "number" && Number.isInteger(cell) && !Number.isSafeInteger(cell)) {
      throw new RangeError("an integer is too large for a number");
    }
  }
}
