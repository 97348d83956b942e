import { BusyError, CorruptError } from "../../errors/mod.ts";
import { endOfTurn, type Logger } from "../../ports/mod.ts";
import type { SqlResult, SqlStatement, SqlValue } from "../sqlite/mod.ts";
import { decodeTexts, refuseBadText, withoutText } from "./checked_text.ts";
import type { DatabaseFile } from "./database_file.ts";
import { type DriverAction, mapDriverError } from "./driver_errors.ts";
import { rowsOf, toDriver } from "./driver_values.ts";
import { GroupCommit } from "./group_commit.ts";
import { BusyRetry } from "./retry_busy.ts";
import { SerialQueue } from "./serial_queue.ts";
import type { SqliteClient, SqliteResult, SqliteStatement } from "./sqlite_client.ts";

/** The storage of a `FileConnection`. A file can be opened again. Memory is lost with its connection. */
export type ConnectionKind = "file" | "memory";

/** Options of a `FileConnection`: its logger, its waits for other writers, and its file if it has one. */
export interface FileConnectionOptions {
  readonly logger: Logger;
  readonly retry?: BusyRetry;
  readonly file?: DatabaseFile | undefined;
}

/**
 * Page size of a new file. Five sessions of 1.5 kB fit into such a page, and two into one of the default
 * 4,096 bytes. A flush of 1,000 sessions that were created together writes a fifth less and takes two thirds
 * of the time (measured), and records up to 8 kB need no overflow pages. A flush of scattered sessions,
 * however, writes up to twice the bytes. For the few rows of most flushes that costs a tenth of the time,
 * since the fsync dominates.
 */
const PAGE_BYTES = 8_192;

/**
 * Maximum memory for pages of the file, in KiB. A flush whose pages do not fit is written to the log in
 * parts, and pages are read again.
 */
const CACHE_KIB = 16_384;

/** Tries to empty the log after the file was written anew. SQLite waits in each for other connections. */
const SCRUB_TRIES = 20;

const keepBytes = (bytes: SqlValue | undefined): SqlValue => bytes ?? null;

/** Changes that return what was stored. */
const RETURNS = /\bRETURNING\b/;

/** An operation that can run in the call or later. */
interface Operation<T> {
  /** `undefined` when it cannot run in the call. */
  now(): T | undefined;
  later(): Promise<T>;
}

/** Statements for the client, and which of them are in their checked form. */
interface CheckedBatch {
  readonly statements: SqliteStatement[];
  readonly checked: readonly (string | undefined)[];
}

function resultsOf(results: readonly SqliteResult[], { checked }: CheckedBatch): SqlResult[] {
  return results.map((result, index) => {
    const rows = rowsOf(result);
    const { rowsAffected } = result;
    // It is committed: damaged bytes stay as they are, which equal no text.
    return { rows: checked[index] === undefined ? rows : decodeTexts(rows, keepBytes), rowsAffected };
  });
}

/**
 * The one connection of this process to one local database.
 *
 * Runs one operation at a time. After an operation of the native driver fails with SQLITE_BUSY, a later write
 * on the same connection reports success but never commits. So a connection is discarded after SQLITE_BUSY or
 * any other failure, before the next operation, and does not rest.
 *
 * Durability: `journal_mode = WAL` with `synchronous = FULL`. A commit is one append to the log and one
 * fsync, so it survives the loss of power, not only of the process. A rollback journal needs three fsyncs.
 * `NORMAL` leaves commits unsynced until the next checkpoint, so after a power cut a ratchet would go back
 * and repeat keys. The log needs shared memory, so a file on a network file system is not supported.
 */
export class FileConnection {
  readonly #client: SqliteClient;
  readonly #kind: ConnectionKind;
  readonly #logger: Logger;
  readonly #file: DatabaseFile | undefined;
  readonly #queue = new SerialQueue();
  readonly #group: GroupCommit;
  readonly #retry: BusyRetry;
  /** Whether the settings of the current connection are made. */
  #configured = false;
  /**
   * Whether the file is known to be in WAL mode. The mode is stored in the file and not changed before the
   * first write.
   */
  #logged = false;

  constructor(client: SqliteClient, kind: ConnectionKind, options: FileConnectionOptions) {
    this.#client = client;
    this.#kind = kind;
    this.#logger = options.logger;
    this.#file = options.file;
    this.#retry = options.retry ?? new BusyRetry({ logger: options.logger });
    this.#group = new GroupCommit({
      queue: this.#queue,
      logger: options.logger,
      commit: (statements) => this.#attempt("commit", () => this.#commit(statements)),
      endOfTurn,
    });
  }

  async query(sql: string, params: readonly SqlValue[], onlyFirst?: boolean): Promise<SqlValue[][]> {
    const checked = this.#checked(sql);
    const statement: SqliteStatement = { sql: checked ?? sql, args: [...params], onlyFirst };
    const client = this.#client;
    const rows = await this.#soon("read", {
      now: () => client.executeNow && rowsOf(client.executeNow(statement)),
      later: async () => rowsOf(await client.execute(statement)),
    });
    // Outside of the operation: damaged text is no failure of the connection, which would be discarded.
    return checked === undefined ? rows : decodeTexts(rows, refuseBadText);
  }

  /**
   * @param joins Whether the batch may share a transaction with batches of other accounts that are ready in
   *   this turn of the event loop: see `GroupCommit`.
   * @throws {FencedError} When the file was replaced or deleted. Nothing was applied.
   */
  batch(statements: readonly SqlStatement[], joins = false): Promise<SqlResult[]> {
    const joined = joins ? this.#group.add(statements) : undefined;
    if (joined !== undefined) return joined;
    // What is called after it is applied after it.
    this.#group.seal();
    return this.#soon("commit", {
      now: () => (this.#logged || this.#kind === "memory" ? this.#commitNow(statements) : undefined),
      later: () => this.#commit(statements),
    });
  }

  /** As `#commit`, carried out in the call. `undefined` when the client cannot. */
  #commitNow(statements: readonly SqlStatement[]): SqlResult[] | undefined {
    if (this.#client.batchNow === undefined) return undefined;
    const raise = this.#file?.before() ?? [];
    const batch = this.#batchOf([...statements, ...raise]);
    const results = resultsOf(this.#client.batchNow(batch.statements), batch);
    if (raise.length > 0) this.#file?.after(results.splice(statements.length));
    return results;
  }

  async #commit(statements: readonly SqlStatement[]): Promise<SqlResult[]> {
    await this.#writeAheadLog();
    const raise = this.#file?.before() ?? [];
    const results = await this.#send([...statements, ...raise]);
    if (raise.length > 0) this.#file?.after(results.splice(statements.length));
    return results;
  }

  /** As `batch`, without a raise of the file's pair. */
  apply(statements: readonly SqlStatement[]): Promise<SqlResult[]> {
    return this.#run("commit", async () => {
      await this.#writeAheadLog();
      this.#file?.requireSame();
      return await this.#send(statements);
    });
  }

  /** Writes the log into the file. A failure is logged: it loses nothing. */
  checkpoint(): Promise<void> {
    return this.#queue.run(() => this.#foldLog());
  }

  /**
   * Removes what deleted and replaced rows have left in the file and in its log: the file is written anew,
   * and the log is emptied.
   *
   * @throws {BusyError} When other connections keep the log from being emptied.
   */
  scrub(): Promise<void> {
    return this.#run("commit", async () => {
      await this.#writeAheadLog();
      this.#file?.requireSame();
      await this.#pragma("secure_delete = ON");
      try {
        await this.#client.execute({ sql: "VACUUM", args: [] });
        for (let tries = 1; ; tries += 1) {
          const [isBusy] = rowsOf(await this.#pragma("wal_checkpoint(TRUNCATE)"))[0] ?? [];
          if (isBusy === 0) return;
          if (tries === SCRUB_TRIES) throw new BusyError("empty the log: other connections use the database");
        }
      } finally {
        await this.#pragma("secure_delete = OFF");
      }
    });
  }

  async #send(statements: readonly SqlStatement[]): Promise<SqlResult[]> {
    const batch = this.#batchOf(statements);
    return resultsOf(await this.#client.batch(batch.statements, "write"), batch);
  }

  #batchOf(statements: readonly SqlStatement[]): CheckedBatch {
    const checked = statements.map(({ sql }) => (RETURNS.test(sql) ? this.#checked(sql) : undefined));
    return {
      checked,
      statements: statements.map((statement, index) => {
        const sql = checked[index];
        return toDriver(sql === undefined ? statement : { sql, params: statement.params });
      }),
    };
  }

  /** The statement that is run in place of `sql`. Memory is not damaged. */
  #checked(sql: string): string | undefined {
    return this.#kind === "file" ? withoutText(sql) : undefined;
  }

  /**
   * Waits for queued operations and closes the connection. The file is then complete without its log, unless
   * other connections use it.
   */
  close(): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#logged) {
        await this.#lastRaise();
        if (this.#file?.isElsewhere() === true) await this.#removeOwnLog();
        else await this.#foldLog();
      }
      this.#file?.rest();
      this.#client.close();
    });
  }

  /**
   * Waits for queued operations and removes the log, so that the connection holds no lock and the file is
   * complete. The next operation continues as if the file had just been opened.
   *
   * @returns Whether the log was removed and nothing failed. The log stays while other processes use the
   *   file. A file to which this connection has not written is not changed. A remaining log is checkpointed
   *   into the file.
   */
  rest(): Promise<boolean> {
    return this.#queue.run(async () => {
      const wasLogged = this.#logged;
      this.#logged = false;
      const isRaised = !wasLogged || (await this.#lastRaise());
      this.#file?.rest();
      if (this.#file?.isElsewhere() === true) {
        if (wasLogged) await this.#removeOwnLog();
        return false;
      }
      const isRemoved = await this.#removeLog(wasLogged);
      this.#file?.log.forget();
      if (wasLogged && !isRemoved) await this.#foldLog();
      return isRaised && isRemoved;
    });
  }

  /**
   * Removes the log of a file that was replaced or deleted: a new file at the path would read it as its own.
   * A log of another process that has opened the new file stays. SQLite deletes by name, and what that
   * process commits afterwards would be lost. Closing the client deletes no log of a file that is not at its
   * path.
   */
  async #removeOwnLog(): Promise<void> {
    if (this.#file?.log.isThere() === true) await this.#removeLog();
  }

  /**
   * Removes the log and its shared memory. The file alone is then the database, and can be copied or
   * replaced.
   *
   * @returns Whether there is no log. It stays while other processes use the file.
   */
  async #removeLog(wasLogged = true): Promise<boolean> {
    try {
      const mode = await this.#pragma(wasLogged ? "journal_mode = DELETE" : "journal_mode");
      return rowsOf(mode)[0]?.[0] === "delete";
    } catch (error) {
      await this.#discard("database keeps its log", error);
      return false;
    }
  }

  /**
   * Raises the pair of the file, so that copies of it that were made while it was open are older.
   *
   * @returns Whether nothing failed.
   */
  async #lastRaise(): Promise<boolean> {
    const raise = this.#file?.beforeRest() ?? [];
    if (raise.length === 0) return true;
    try {
      await this.#configure();
      this.#file?.after(await this.#send(raise));
      return true;
    } catch (error) {
      await this.#discard("last raise of the pair failed", error);
      return false;
    }
  }

  /**
   * SQLite does this when the last connection closes, but a native connection closes only when its statements
   * are garbage-collected. A failure loses nothing, because the next opening reads the log.
   */
  async #foldLog(): Promise<void> {
    try {
      await this.#configure();
      await this.#pragma("wal_checkpoint(TRUNCATE)");
    } catch (error) {
      await this.#discard("checkpoint of the log failed", error);
    }
  }

  /** Discards the connection after a failure that loses nothing. */
  async #discard(what: string, error: unknown): Promise<void> {
    this.#logger.log("debug", what, { code: mapDriverError(error, "read").code });
    await this.#reconnect();
  }

  /**
   * Runs an operation in the call where nothing runs or waits, which spares it most of what it costs beside
   * SQLite. A failure there is the first failure of the operation in the queue.
   */
  async #soon<T>(action: DriverAction, operation: Operation<T>): Promise<T> {
    let failure: { readonly thrown: unknown } | undefined;
    if (this.#queue.isIdle && (this.#configured || this.#kind === "memory")) {
      try {
        const result = operation.now();
        if (result !== undefined) {
          this.#used();
          return result;
        }
      } catch (thrown) {
        failure = { thrown };
      }
    }
    return await this.#run(action, async () => {
      if (failure === undefined) return await operation.later();
      const { thrown } = failure;
      failure = undefined;
      throw thrown;
    });
  }

  #used(): void {
    if (this.#logged) this.#file?.log.remember(() => this.#file?.isElsewhere() === false);
  }

  #run<T>(action: DriverAction, operation: () => Promise<T>): Promise<T> {
    return this.#queue.run(() => this.#attempt(action, operation));
  }

  /** Runs an operation, again while another writer holds the database. Called inside the queue. */
  #attempt<T>(action: DriverAction, operation: () => Promise<T>): Promise<T> {
    const attempt = async (): Promise<T> => {
      try {
        await this.#configure();
        const result = await operation();
        this.#used();
        return result;
      } catch (thrown) {
        this.#file?.refuseReplaced();
        // A client throws it for what a completed read has returned: the connection is good.
        if (action !== "read" || !(thrown instanceof CorruptError)) await this.#reconnect();
        throw this.#file?.replaced ?? mapDriverError(thrown, action, this.#file?.path);
      }
    };
    return this.#retry.run(attempt);
  }

  async #configure(): Promise<void> {
    if (this.#configured || this.#kind === "memory") return;
    await this.#pragma("synchronous = FULL");
    // Only affects Apple's systems, where fsync alone leaves data in the drive's cache.
    await this.#pragma("fullfsync = ON");
    await this.#pragma(`cache_size = -${CACHE_KIB}`);
    this.#file?.connected();
    this.#configured = true;
  }

  async #writeAheadLog(): Promise<void> {
    if (this.#logged || this.#kind === "memory") return;
    // Only affects an empty file.
    await this.#pragma(`page_size = ${PAGE_BYTES}`);
    const mode = rowsOf(await this.#pragma("journal_mode = WAL"))[0]?.[0];
    if (mode !== "wal") this.#logger.log("warn", "database has no write-ahead log", { mode: String(mode) });
    this.#logged = true;
  }

  #pragma(text: string): Promise<SqliteResult> {
    return this.#client.execute({ sql: `PRAGMA ${text}`, args: [] });
  }

  async #reconnect(): Promise<void> {
    // A new connection would open, or create, another file.
    if (this.#kind === "memory" || this.#file?.isElsewhere() === true) return;
    this.#configured = false;
    this.#file?.log.forget();
    await this.#client.reconnect();
  }
}
