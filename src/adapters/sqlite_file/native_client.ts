import { CorruptError } from "../../errors/mod.ts";
import type { SqliteCell, SqliteClient, SqliteResult, SqliteStatement } from "./sqlite_client.ts";

/** The class of a native library's database, as the package `libsql` exports it. */
export type NativeLibrary = new (path: string, options: { readonly timeout: number }) => NativeDatabase;

/** A library of the runtime, which can open a file so that nothing can be written. */
export type RuntimeLibrary = new (
  path: string,
  options: { readonly timeout: number; readonly readOnly?: boolean },
) => NativeDatabase;

/** Opens a file that exists so that nothing can be written. */
export type OpenForReading = (path: string, timeoutMs: number) => NativeDatabase;

/** An open file. */
export interface NativeDatabase {
  /** Whether a transaction is open on the connection. */
  readonly inTransaction: boolean;
  /** Whether the connection is open: `close` was not called. */
  readonly open: boolean;
  /** Runs statements without parameters and rows. */
  exec(sql: string): unknown;
  /** Prepares one statement. */
  prepare(sql: string): NativeStatement;
  /** Closes the connection. Prepared statements end with it. */
  close(): unknown;
}

/** A prepared statement. Its positional parameters are one array. */
export interface NativeStatement {
  /** Whether it returns rows. */
  readonly reader: boolean;
  /** Makes rows arrays. */
  raw(isRaw: boolean): unknown;
  /** Runs the statement to its end and returns how many rows it changed. */
  run(...params: unknown[]): { readonly changes: number };
  /** Runs the statement and returns all of its rows. */
  all(...params: unknown[]): unknown[];
  /**
   * The first row; `undefined` when there is none. Left out where it is no faster than `all`. It must end the
   * statement: one that is still running keeps the present state of the file.
   */
  get?(...params: unknown[]): unknown;
}

/**
 * Maximum number of statements that stay prepared. The backend has fewer texts, in a few sizes each. The
 * least recently used one is dropped first.
 */
const MAX_KEPT = 256;

/** A statement that stays prepared. */
interface KeptStatement {
  readonly statement: NativeStatement;
  readonly reader: boolean;
}

/** One file through a native library. Statements stay prepared, since preparing costs more than running. */
export class NativeClient implements SqliteClient {
  readonly #connect: () => NativeDatabase;
  readonly #kept = new Map<string, KeptStatement>();
  /** Opened on first use, so that a failed opening rejects the call that needed it. */
  #database: NativeDatabase | undefined;
  #isClosed = false;

  /** @param timeoutMs How long SQLite itself waits for another writer. */
  constructor(library: NativeLibrary, path: string, timeoutMs: number);
  /** @param connect Called at the first use, and again after `reconnect`. */
  constructor(connect: () => NativeDatabase);
  constructor(library: NativeLibrary | (() => NativeDatabase), path?: string, timeoutMs?: number) {
    this.#connect =
      path === undefined
        ? (library as () => NativeDatabase)
        : () => new (library as NativeLibrary)(path, { timeout: timeoutMs ?? 0 });
  }

  async execute(statement: SqliteStatement): Promise<SqliteResult> {
    return this.executeNow(statement);
  }

  executeNow(statement: SqliteStatement): SqliteResult {
    return this.#run(this.#opened(), statement);
  }

  async batch(statements: SqliteStatement[], _mode: "write"): Promise<SqliteResult[]> {
    return this.batchNow(statements);
  }

  batchNow(statements: SqliteStatement[]): SqliteResult[] {
    const database = this.#opened();
    database.exec("BEGIN IMMEDIATE");
    const results: SqliteResult[] = [];
    try {
      for (const statement of statements) results.push(this.#run(database, statement));
      database.exec("COMMIT");
      return results;
    } catch (error) {
      // The connection closes only when its statements are garbage-collected. Until then a transaction would
      // hold the lock.
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

  #run(database: NativeDatabase, { sql, args, onlyFirst }: SqliteStatement): SqliteResult {
    const { statement, reader } = this.#prepared(database, sql);
    if (!reader) return { rows: [], rowsAffected: statement.run(args).changes };
    const isFirst = onlyFirst === true && statement.get !== undefined;
    const rows = isFirst ? this.#first(statement, { sql, args }) : (statement.all(args) as SqliteCell[][]);
    for (const row of rows) requireExact(row);
    return { rows, rowsAffected: 0 };
  }

  #first(statement: NativeStatement, { sql, args }: SqliteStatement): SqliteCell[][] {
    try {
      const row = statement.get?.(args) as SqliteCell[] | undefined;
      return row === undefined ? [] : [row];
    } catch (error) {
      // libsql reports the error of a statement once more when it is used again.
      this.#kept.delete(sql);
      throw error;
    }
  }

  #prepared(database: NativeDatabase, sql: string): KeptStatement {
    let kept = this.#kept.get(sql);
    if (kept === undefined) {
      const statement = database.prepare(sql);
      kept = { statement, reader: statement.reader };
      if (kept.reader) statement.raw(true);
    } else {
      // While there is room, the order does not matter.
      if (2 * this.#kept.size < MAX_KEPT) return kept;
      this.#kept.delete(sql);
    }
    this.#kept.set(sql, kept);
    if (this.#kept.size > MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value ?? "");
    return kept;
  }
}

/** @throws {CorruptError} When an integer is too large for a number, because the library has rounded it. */
function requireExact(row: readonly SqliteCell[]): void {
  for (let index = 0; index < row.length; index += 1) {
    const cell = row[index];
    if (typeof cell === "number" && Math.abs(cell) > Number.MAX_SAFE_INTEGER && Number.isInteger(cell)) {
      throw new CorruptError("read: a stored integer is out of range");
    }
  }
}
