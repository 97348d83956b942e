import { type Clock, type Logger, systemRandom } from "../../ports/mod.ts";
import type { SqlDriver, SqlLimits } from "../sqlite/mod.ts";
import { requireNewOrTables } from "./absent_file.ts";
import { DatabaseFile, type FileCheckOptions } from "./database_file.ts";
import { FileConnection } from "./file_connection.ts";
import { type FileIdentity, identityOf, isUntouched } from "./file_identity.ts";
import { prepareFile, warnOfPermissions } from "./file_path.ts";
import type { FileRow } from "./file_row.ts";
import { type HostFiles, hostFiles, unreferencedTimer } from "./host_modules.ts";
import { NativeClient, type NativeLibrary } from "./native_client.ts";
import type { SqliteClient } from "./sqlite_client.ts";

/**
 * SQLite's own limits on parameters and text (SQLITE_MAX_VARIABLE_NUMBER, SQLITE_MAX_SQL_LENGTH), and our
 * limit on values: far above any record, and far below SQLite's 10^9 bytes and the size of a request.
 */
export const SQLITE_LIMITS: SqlLimits = {
  maxParameters: 32_766,
  maxSqlBytes: 1_000_000,
  maxValueBytes: 16 * 1_024 * 1_024,
};

/**
 * How long SQLite itself waits for another writer, which blocks the event loop. Our longer waits between
 * tries do not block it.
 */
export const BUSY_TIMEOUT_MS = 50;

/**
 * How long a connection is kept after its last user has closed it. A native library releases the descriptors
 * of a closed connection only when its statements are garbage-collected. So an account that is opened and
 * closed repeatedly reuses the connection.
 */
const REST_MS = 10_000;

/** A connection to a file, and the number of drivers that use it. */
interface SharedConnection {
  readonly restMs: number;
  readonly connection: FileConnection;
  readonly file: DatabaseFile;
  /** See `Capabilities.savePhaseMs`. Files, and processes over one file, do not write all at the same time. */
  readonly savePhaseMs: number;
  /** Resolves when an earlier connection to the path has ended; `undefined` when there was none. */
  readonly opening: Promise<void> | undefined;
  users: number;
  /** Set while it has no user. */
  rest: { readonly identity: FileIdentity; readonly cancel: () => void } | undefined;
  /** Resolves when the last user's close has ended. */
  closing: Promise<void> | undefined;
}

/**
 * The open files of this process by the path that the system resolved. Each has one connection for all its
 * accounts. Different spellings of a path and symbolic links count as one file. Hard links do not: SQLite
 * keeps a separate log for each, so any program that opens a database under two hard links loses data.
 */
const openFiles = new Map<string, SharedConnection>();

/** Paths with a logged warning about permissions. */
const warnedOf = new Set<string>();

/** Name of a database in memory. */
const MEMORY = ":memory:";

/** Options of `openSqliteFile`. */
export interface SqliteFileOptions {
  /** Absolute or relative path of a file, or `:memory:`. */
  readonly path: string;
  readonly logger: Logger;
  /** How long the connection is kept after the last close. Defaults to 10,000 ms. */
  readonly restMs?: number | undefined;
  /** Times the raises of the file's pair. Defaults to the host's clock. */
  readonly clock?: Clock | undefined;
  /** The file system. Defaults to that of the host, `undefined` where it has none. */
  readonly files?: HostFiles | undefined;
  /** Connects to a resolved path. The first opening of a file in this process decides. */
  connect(path: string): SqliteClient;
}

/** What a backend does with the file of its driver. */
export interface OpenFile {
  /** See `Capabilities.savePhaseMs`. */
  readonly savePhaseMs: number;
  /** See `DatabaseFile.check`. */
  check(options?: FileCheckOptions): Promise<FileRow | undefined>;
  /** Writes the log into the file. */
  checkpoint(): Promise<void>;
  /** See `FileConnection.scrub`. */
  scrub(): Promise<void>;
  /** See `requireNewOrTables`. */
  requireNewOrTables(driver: SqlDriver): Promise<void>;
}

/** A driver that may be of a file. */
export interface FileDriver extends SqlDriver {
  /** `undefined` for memory and servers. */
  readonly file: OpenFile | undefined;
}

/**
 * Opens a driver over a file or a database in memory. Creates an absent file, private to its owner.
 *
 * @throws {BackendError} When the file cannot be reached or created.
 */
export async function openSqliteFile(options: SqliteFileOptions): Promise<FileDriver> {
  const { path: given, logger, connect } = options;
  if (given === MEMORY) {
    const connection = new FileConnection(connect(MEMORY), "memory", { logger });
    return driverOf({ connection }, undefined, () => connection.close());
  }
  const { files = hostFiles() } = options;
  const path = files === undefined ? given : prepared(files, given, logger);
  await openFiles.get(path)?.closing;
  const stuck = replacedAt(path);
  const shared = awakened(path, files) ?? connected(path, files, options, stuck);
  openFiles.set(path, shared);
  shared.users += 1;
  await shared.opening;
  let closed: Promise<void> | undefined;
  const { connection, file } = shared;
  const opened: OpenFile = {
    savePhaseMs: shared.savePhaseMs,
    check: (options) => file.check(connection, options),
    checkpoint: () => connection.checkpoint(),
    scrub: () => connection.scrub(),
    requireNewOrTables: (driver) => requireNewOrTables(files, path, driver),
  };
  return driverOf(shared, opened, () => {
    closed ??= leave(path, shared, files);
    return closed;
  });
}

/** Opens a driver over a file, or memory, through a native library. See `openSqliteFile`. */
export async function openNativeFile(
  library: NativeLibrary,
  options: Omit<SqliteFileOptions, "connect">,
): Promise<FileDriver> {
  const connect = (path: string): NativeClient => new NativeClient(library, path, BUSY_TIMEOUT_MS);
  return await openSqliteFile({ ...options, connect });
}

function connected(
  path: string,
  files: HostFiles | undefined,
  { logger, connect, clock, restMs = REST_MS }: SqliteFileOptions,
  opening: Promise<void> | undefined,
): SharedConnection {
  const file = new DatabaseFile({ path, files, logger, clock });
  const connection = new FileConnection(connect(path), "file", { logger, file });
  const [high = 0, low = 0] = systemRandom.bytes(2);
  const savePhaseMs = (256 * high + low) % 1_000;
  return { connection, file, savePhaseMs, restMs, opening, users: 0, rest: undefined, closing: undefined };
}

/** @param shared Has more than one user while several accounts, or openings of one, use the connection. */
function driverOf(
  shared: { readonly connection: FileConnection; readonly users?: number },
  file: OpenFile | undefined,
  close: () => Promise<void>,
): FileDriver {
  const { connection } = shared;
  return {
    limits: SQLITE_LIMITS,
    durable: file !== undefined,
    file,
    query: (sql, params, onlyFirst) => connection.query(sql, params, onlyFirst),
    batch: (statements, joins = false) => connection.batch(statements, joins && (shared.users ?? 1) > 1),
    close,
  };
}

function prepared(files: HostFiles, given: string, logger: Logger): string {
  const { path, isOpenToOthers } = prepareFile(files, given);
  if (isOpenToOthers && !warnedOf.has(path)) {
    warnedOf.add(path);
    warnOfPermissions(logger, path);
  }
  return path;
}

/**
 * Ends the connection to a file that was replaced or deleted while it is open. Its users meet errors. Its log
 * is removed before the new file is opened, which would read it as its own, unless another process has
 * opened that and made a log of its own.
 *
 * @returns A promise of its end; `undefined` when there is none.
 */
function replacedAt(path: string): Promise<void> | undefined {
  const shared = openFiles.get(path);
  if (shared === undefined || shared.rest !== undefined || !shared.file.refuseReplaced()) return undefined;
  openFiles.delete(path);
  return shared.connection.close();
}

/** The connection to a file that is open, or that rests while the file is neither changed nor replaced. */
function awakened(path: string, files: HostFiles | undefined): SharedConnection | undefined {
  const shared = openFiles.get(path);
  const rest = shared?.rest;
  if (shared === undefined || rest === undefined) return shared;
  rest.cancel();
  shared.rest = undefined;
  if (files !== undefined && isUntouched(rest.identity, identityOf(files, path))) return shared;
  openFiles.delete(path);
  void shared.connection.close();
  return undefined;
}

async function leave(path: string, shared: SharedConnection, files: HostFiles | undefined): Promise<void> {
  shared.users -= 1;
  if (shared.users > 0) return;
  shared.closing = retire(path, shared, files).finally(() => {
    shared.closing = undefined;
  });
  await shared.closing;
}

/** Lets the connection rest. Closes it if the host cannot tell later whether the file is the same. */
async function retire(path: string, shared: SharedConnection, files: HostFiles | undefined): Promise<void> {
  const { connection } = shared;
  const rests = files !== undefined && (await connection.rest());
  const identity = rests ? identityOf(files, path) : undefined;
  const end = (): Promise<void> => {
    if (openFiles.get(path) === shared) openFiles.delete(path);
    return connection.close();
  };
  const cancel = identity && unreferencedTimer(() => void end(), shared.restMs);
  if (identity === undefined || cancel === undefined) await end();
  else shared.rest = { identity, cancel };
}
