import { createClient } from "@libsql/client";
import type { Clock, Logger } from "../../ports/mod.ts";
import type { SqlResult } from "../sqlite/mod.ts";
import {
  BUSY_TIMEOUT_MS,
  BusyRetry,
  type FileDriver,
  mapDriverError,
  NativeClient,
  type NativeLibrary,
  openSqliteFile,
  rowsOf,
  SerialQueue,
  SQLITE_LIMITS,
  type SqliteClient,
  toDriver,
} from "../sqlite_file/mod.ts";
import { databaseKind } from "./database_url.ts";
import { pathOfFileUrl } from "./file_url.ts";
import { findNativeLibrary } from "./native_library.ts";

/** Name of a database in memory. */
const MEMORY = ":memory:";

/** Logged reasons for the absence of the native library. */
const warnedOf = new Set<string>();

/** The location of a database, and options to connect to it. */
export interface LibsqlDriverOptions {
  /** `file:path.db`, `:memory:`, or a `libsql:`, `https:`, `http:`, `wss:` or `ws:` address. */
  readonly url: string;
  readonly authToken?: string | undefined;
  /** See `LibsqlBackendOptions.native`. */
  readonly native?: NativeLibrary | false | undefined;
  readonly logger: Logger;
  /** See `SqliteFileOptions`. */
  readonly clock?: Clock | undefined;
}

/**
 * Opens a driver over libSQL.
 *
 * @throws {TypeError} When the URL is not supported here.
 * @throws {BackendError | BusyError} When a file cannot be opened.
 */
export async function openLibsqlDriver(options: LibsqlDriverOptions): Promise<FileDriver> {
  const { url, authToken, logger, clock } = options;
  const kind = databaseKind(url);
  if (kind === "remote") return remoteDriver(connect(url, authToken), serverOf(url), logger);
  const path = kind === "memory" ? MEMORY : pathOfFileUrl(url);
  return await openSqliteFile({ path, logger, clock, connect: localConnector(options) });
}

/** Opens local databases by the native library if it is installed, else by `@libsql/client`. */
function localConnector({ native, logger }: LibsqlDriverOptions): (path: string) => SqliteClient {
  const { library, reason } =
    native === undefined ? findNativeLibrary() : { library: native || undefined, reason: undefined };
  if (library !== undefined) return (path) => new NativeClient(library, path, BUSY_TIMEOUT_MS);
  if (reason !== undefined && !warnedOf.has(reason)) {
    warnedOf.add(reason);
    logger.log("warn", "open database: files are slower without the package libsql, install it", { reason });
  }
  return (path) =>
    connect(path === MEMORY ? path : `file:${path.split("/").map(encodeURIComponent).join("/")}`);
}

/** A connection through `@libsql/client`. */
function connect(url: string, authToken?: string): SqliteClient {
  const token = authToken === undefined ? {} : { authToken };
  const local = databaseKind(url) === "remote" ? {} : { concurrency: 1, timeout: BUSY_TIMEOUT_MS };
  try {
    return createClient({ url, ...token, ...local, intMode: "number" });
  } catch (error) {
    const code = (error as { code?: unknown } | null)?.code;
    if (typeof code === "string" && /^(?:URL_|ENCRYPTION_KEY_|WEBSOCKETS_)/.test(code)) {
      // The client's own message may contain the URL and a token in it.
      throw new TypeError(`open database: the URL is not supported here (${code})`);
    }
    throw mapDriverError(error, "open database");
  }
}

/** Scheme and host of a server's URL, without its path and what may hold a token. */
function serverOf(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

/** Sends commits one at a time, in order. Reads run at any time. */
function remoteDriver(client: SqliteClient, server: string, logger: Logger): FileDriver {
  let isOpen = false;
  const queue = new SerialQueue();
  const retry = new BusyRetry({ logger });
  return {
    limits: SQLITE_LIMITS,
    durable: true,
    file: undefined,
    query: (sql, params) =>
      retry.run(async () => {
        try {
          const rows = rowsOf(await client.execute(toDriver({ sql, params })));
          isOpen = true;
          return rows;
        } catch (error) {
          throw mapDriverError(error, isOpen ? "read" : "open database", server);
        }
      }),
    batch: (statements) => {
      const batch = statements.map(toDriver);
      const send = async (): Promise<SqlResult[]> => {
        try {
          const results = await client.batch(batch, "write");
          return results.map((result) => ({ rows: rowsOf(result), rowsAffected: result.rowsAffected }));
        } catch (error) {
          throw mapDriverError(error, "commit", server);
        }
      };
      return queue.run(() => retry.run(send));
    },
    queryTogether: (statements) =>
      retry.run(async () => {
        try {
          const results = await client.batch(statements.map(toDriver), "deferred");
          isOpen = true;
          return results.map((result) => ({ rows: rowsOf(result), rowsAffected: 0 }));
        } catch (error) {
          throw mapDriverError(error, isOpen ? "read" : "open database", server);
        }
      }),
    close: () => queue.run(async () => client.close()),
  };
}
