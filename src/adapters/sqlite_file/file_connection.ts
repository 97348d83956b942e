import type { Logger } from "../../ports/mod.ts";
import type { SqlResult, SqlStatement, SqlValue } from "../sqlite/mod.ts";
import { type DriverAction, mapDriverError } from "./driver_errors.ts";
import { rowsOf, toDriver } from "./driver_values.ts";
import { BusyRetry } from "./retry_busy.ts";
import { SerialQueue } from "./serial_queue.ts";
import type { SqliteClient, SqliteResult, SqliteStatement } from "./sqlite_client.ts";

/**
 * What a `FileConnection` is over. A file can be opened again. Memory is lost with its connection.
 */
export type ConnectionKind = "file" | "memory";

/** What a `FileConnection` reports to, and how it waits for other writers. */
export interface FileConnectionOptions {
  readonly logger: Logger;
  readonly retry?: BusyRetry;
}

/**
 * Page size of a new file. A session of 1.5 kB fits five times into such a page and twice into one of the
 * default 4,096 bytes: a flush of 1,000 sessions that were made together writes a fifth less and takes two
 * thirds of the time (measured), and records up to 8 kB need no overflow pages. The price: a flush of
 * sessions that lie scattered writes up to twice the bytes. For the few rows of most flushes that is a tenth
 * of the time, since the fsync outweighs it.
 */
const PAGE_BYTES = 8_192;

/**
 * Most memory for pages of the file, in KiB. A flush whose pages do not fit is written to the log in parts,
 * and its pages are read again.
 */
const CACHE_KIB = 16_384;

/**
 * The one connection of this process to one local database.
 *
 * Everything goes through one queue, one operation at a time: after an operation of the native driver met
 * another writer (SQLITE_BUSY), a later write on the same connection reports success and never commits. So a
 * connection that met one, or whose transaction failed in any way, is thrown away before anything else uses
 * it.
 *
 * Durability: `journal_mode = WAL` with `synchronous = FULL`. A commit is one append to the log and one fsync
 * of it, so that what was committed survives the loss of power, not only of the process; the rollback journal
 * would pay three. `NORMAL` would leave commits in the log unsynced until the next checkpoint: after a power
 * cut a ratchet would go back and repeat keys. The log needs shared memory, so a file on a network file
 * system is not supported.
 */
export class FileConnection {
  readonly #client: SqliteClient;
  readonly #kind: ConnectionKind;
  readonly #logger: Logger;
  readonly #queue = new SerialQueue();
  readonly #retry: BusyRetry;
  /** Whether the settings that a connection forgets are made. */
  #configured = false;
  /**
   * Whether the file is known to be in WAL mode. The file remembers it, and it is not changed before the
   * first write.
   */
  #logged = false;

  constructor(client: SqliteClient, kind: ConnectionKind, options: FileConnectionOptions) {
    this.#client = client;
    this.#kind = kind;
    this.#logger = options.logger;
    this.#retry = options.retry ?? new BusyRetry({ logger: options.logger });
  }

  query(sql: string, params: readonly SqlValue[]): Promise<SqlValue[][]> {
    return this.#run("read", async () => rowsOf(await this.#client.execute(toDriver({ sql, params }))));
  }

  batch(statements: readonly SqlStatement[]): Promise<SqlResult[]> {
    const batch: SqliteStatement[] = statements.map(toDriver);
    return this.#run("commit", async () => {
      await this.#writeAheadLog();
      const results: SqliteResult[] = await this.#client.batch(batch, "write");
      return results.map((result) => ({ rows: rowsOf(result), rowsAffected: result.rowsAffected }));
    });
  }

  /**
   * Waits for queued operations and closes the connection. The file is then complete without its log, unless
   * others use it.
   */
  close(): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#logged) await this.#foldLog();
      this.#client.close();
    });
  }

  /**
   * Waits for queued operations and gives up the log, so that the connection holds no lock and the file is
   * complete. The next operation goes on as if the file was just opened.
   *
   * @returns Whether it could. It cannot while other processes use the file, and does not change a file to
   * which this connection has not written. A log that is left is folded into the file.
   */
  rest(): Promise<boolean> {
    return this.#queue.run(async () => {
      const wasLogged = this.#logged;
      this.#logged = false;
      try {
        // Removes the log and its shared memory: the file alone is the database, and can be
        // copied or replaced.
        const mode = await this.#pragma(wasLogged ? "journal_mode = DELETE" : "journal_mode");
        if (rowsOf(mode)[0]?.[0] === "delete") return true;
      } catch (error) {
        this.#logger.log("debug", "database keeps its log", { code: mapDriverError(error, "read").code });
      }
      if (wasLogged) await this.#foldLog();
      return false;
    });
  }

  /**
   * SQLite would do it when the last connection closes, but the native driver's closes only when its
   * statements are collected. Nothing is lost when it fails: the next opening reads the log.
   */
  async #foldLog(): Promise<void> {
    try {
      await this.#pragma("wal_checkpoint(TRUNCATE)");
    } catch (error) {
      this.#logger.log("debug", "log not folded into the database", {
        code: mapDriverError(error, "read").code,
      });
    }
  }

  #run<T>(action: DriverAction, operation: () => Promise<T>): Promise<T> {
    const attempt = async (): Promise<T> => {
      try {
        await this.#configure();
        return await operation();
      } catch (thrown) {
        await this.#reconnect();
        throw mapDriverError(thrown, action);
      }
    };
    return this.#queue.run(() => this.#retry.run(attempt));
  }

  async #configure(): Promise<void> {
    if (this.#configured || this.#kind === "memory") return;
    await this.#pragma("synchronous = FULL");
    // Elsewhere than on Apple's systems this says nothing: there fsync alone leaves data in the drive's
    // cache.
    await this.#pragma("fullfsync = ON");
    await this.#pragma(`cache_size = -${CACHE_KIB}`);
    this.#configured = true;
  }

  async #writeAheadLog(): Promise<void> {
    if (this.#logged || this.#kind === "memory") return;
    // Counts only for a file that has nothing in it yet.
    await this.#pragma(`page_size = ${PAGE_BYTES}`);
    const mode = rowsOf(await this.#pragma("journal_mode = WAL"))[0]?.[0];
    if (mode !== "wal") this.#logger.log("warn", "database has no write-ahead log", { mode: String(mode) });
    this.#logged = true;
  }

  #pragma(text: string): Promise<SqliteResult> {
    return this.#client.execute({ sql: `PRAGMA ${text}`, args: [] });
  }

  async #reconnect(): Promise<void> {
    if (this.#kind === "memory") return;
    this.#configured = false;
    await this.#client.reconnect();
  }
}
