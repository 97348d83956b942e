import { createClient } from "@libsql/client";
import type { Logger } from "../../ports/mod.ts";
import type { SqlDriver, SqlLimits, SqlResult } from "../sqlite/mod.ts";
import { type DatabaseKind, databaseKind } from "./database_url.ts";
import type { LibsqlClient } from "./libsql_client.ts";
import { mapLibsqlError } from "./libsql_errors.ts";
import { rowsOf, toLibsql } from "./libsql_values.ts";
import { LocalConnection, type LocalKind } from "./local_connection.ts";
import { NativeClient, type NativeLibrary } from "./native_client.ts";
import { BusyRetry } from "./retry_busy.ts";
import { SerialQueue } from "./serial_queue.ts";

/**
 * SQLite's own limits on parameters and text (SQLITE_MAX_VARIABLE_NUMBER, SQLITE_MAX_SQL_LENGTH), and ours on
 * values: far above any record, far below SQLite's 10^9 bytes and what fits a request.
 */
const LIMITS: SqlLimits = {
  maxParameters: 32_766,
  maxSqlBytes: 1_000_000,
  maxValueBytes: 16 * 1_024 * 1_024,
};

/**
 * How long SQLite itself waits for another writer, which blocks the event loop. The longer part of the wait
 * is ours, between tries, and does not.
 */
const BUSY_TIMEOUT_MS = 50;

/** A connection to a file, and how many drivers use it. */
interface SharedConnection {
  readonly connection: LocalConnection;
  users: number;
}

/**
 * The open files of this process by the path that SQLite resolved: one connection each, however many accounts
 * are opened on it. Two spellings of one path, and symbolic links, are one file. A hard link is not: SQLite
 * gives it a log of its own, so a database that is opened under two hard links loses data, whichever program
 * opens it.
 */
const openFiles = new Map<string, SharedConnection>();

/** Where a database is and how to reach it. */
export interface LibsqlDriverOptions {
  /** `file:path.db`, `:memory:`, or a `libsql:`, `https:`, `http:`, `wss:` or `ws:` address. */
  readonly url: string;
  readonly authToken?: string | undefined;
  /** What opens files. Defaults to `@libsql/client`. */
  readonly native?: NativeLibrary | undefined;
  readonly logger: Logger;
}

/**
 * Opens a driver over `@libsql/client`.
 *
 * @throws {TypeError} When the URL is of no kind that can be opened here.
 * @throws {BackendError | BusyError} When a file cannot be opened.
 */
export async function openLibsqlDriver(options: LibsqlDriverOptions): Promise<SqlDriver> {
  const kind = databaseKind(options.url);
  const client = connect(kind, options);
  if (kind === "remote") return remoteDriver(client, options.logger);
  if (kind === "memory") {
    const connection = new LocalConnection(client, kind, options);
    return localDriver(connection, kind, () => connection.close());
  }
  return await fileDriver(client, options);
}

function connect(kind: DatabaseKind, { url, authToken }: LibsqlDriverOptions): LibsqlClient {
  const token = authToken === undefined ? {} : { authToken };
  try {
    if (kind === "remote") return createClient({ url, ...token, intMode: "number" });
    return createClient({ url, concurrency: 1, timeout: BUSY_TIMEOUT_MS, intMode: "number" });
  } catch (error) {
    const code = (error as { code?: unknown } | null)?.code;
    if (typeof code === "string" && /^(?:URL_|ENCRYPTION_KEY_|WEBSOCKETS_)/.test(code)) {
      // The client's own message may repeat the URL and the token in it.
      throw new TypeError(`open database: the URL is not one that can be opened here (${code})`);
    }
    throw mapLibsqlError(error, "open database");
  }
}

async function fileDriver(client: LibsqlClient, options: LibsqlDriverOptions): Promise<SqlDriver> {
  const path = await resolvedPath(client);
  client.close();
  let shared = openFiles.get(path);
  if (shared === undefined) {
    // By its full path: it is opened again after trouble, and the process may have changed its directory by
    // then.
    const { native, logger } = options;
    const reopened =
      native === undefined
        ? connect("file", { url: `file:${path.split("/").map(encodeURIComponent).join("/")}`, logger })
        : new NativeClient(native, path, BUSY_TIMEOUT_MS);
    shared = { connection: new LocalConnection(reopened, "file", { logger }), users: 0 };
    openFiles.set(path, shared);
  }
  const { connection } = shared;
  shared.users += 1;
  let closed = false;
  return localDriver(connection, "file", async () => {
    if (closed) return;
    closed = true;
    shared.users -= 1;
    if (shared.users > 0) return;
    openFiles.delete(path);
    await connection.close();
  });
}

/** The path as SQLite resolved it: absolute, symbolic links followed. Asking does not read the file. */
async function resolvedPath(client: LibsqlClient): Promise<string> {
  try {
    const rows = rowsOf(await client.execute({ sql: "PRAGMA database_list", args: [] }));
    return String(rows[0]?.[2]);
  } catch (error) {
    client.close();
    throw mapLibsqlError(error, "open database");
  }
}

function localDriver(connection: LocalConnection, kind: LocalKind, close: () => Promise<void>): SqlDriver {
  return {
    limits: LIMITS,
    durable: kind === "file",
    query: (sql, params) => connection.query(sql, params),
    batch: (statements) => connection.batch(statements),
    close,
  };
}

/** Commits one at a time, in their order; reads whenever they come. */
function remoteDriver(client: LibsqlClient, logger: Logger): SqlDriver {
  const queue = new SerialQueue();
  const retry = new BusyRetry({ logger });
  return {
    limits: LIMITS,
    durable: true,
    query: (sql, params) =>
      retry.run(async () => {
        try {
          return rowsOf(await client.execute(toLibsql({ sql, params })));
        } catch (error) {
          throw mapLibsqlError(error, "read");
        }
      }),
    batch: (statements) => {
      const batch = statements.map(toLibsql);
      const send = async (): Promise<SqlResult[]> => {
        try {
          const results = await client.batch(batch, "write");
          return results.map((result) => ({ rows: rowsOf(result), rowsAffected: result.rowsAffected }));
        } catch (error) {
          throw mapLibsqlError(error, "commit");
        }
      };
      return queue.run(() => retry.run(send));
    },
    close: () => queue.run(async () => client.close()),
  };
}
