import type { Backend, Sealing } from "../../backend/mod.ts";
import { requireObject } from "../../errors/mod.ts";
import { type Clock, consoleWarnings, type Logger } from "../../ports/mod.ts";
import { type NativeLibrary, openFileBackend } from "../sqlite_file/mod.ts";
import { openLibsqlDriver } from "./open_driver.ts";

/** Options of `libsqlBackend`. */
export interface LibsqlBackendOptions {
  /**
   * `file:path.db` (a local file, not available in a Worker), `:memory:` (until the backend is closed), or
   * the address of a server: `libsql:`, `https:`, `http:`, `wss:`, `ws:`.
   */
  readonly url: string;
  /** Token for a server. */
  readonly authToken?: string | undefined;
  /**
   * The library that opens files and memory. Defaults to `Database` of the package `libsql`, which comes with
   * `@libsql/client`: its statements stay prepared. `false` opens them through `@libsql/client` itself. The
   * first opening of a file in this process decides.
   */
  readonly native?: NativeLibrary | false | undefined;
  /** Name of the account. Defaults to `default`. Many accounts may share a database. */
  readonly account?: string | undefined;
  /** Stamps base keys and sent messages. Defaults to the host's clock. */
  readonly clock?: Clock | undefined;
  /** Encrypts stored values: `sealing` of the subpath `sealing`. */
  readonly sealing?: Sealing | undefined;
  /** Logs waits for other writers. Defaults to warnings on the console. */
  readonly logger?: Logger | undefined;
  /**
   * For a file: says that it was moved together with its witness (`<file>-witness`), and that nothing uses
   * the original any more. Otherwise a copy of both counts as a copy, whose keys the original may use.
   * Defaults to false.
   */
  readonly originalIsStopped?: boolean | undefined;
}

/**
 * Opens one account of a libSQL database: a local file, memory, or a server such as Turso.
 *
 * A commit to a file is on disk when it resolves, and survives the loss of power. Several accounts, openings
 * and processes may share one file. Openings within a process share a connection. Processes wait for each
 * other for a few seconds before `BusyError`. File access runs on the calling thread.
 *
 * @throws {TypeError} When the URL or the account's name is malformed, or the scheme is unknown.
 * @throws {IncompatibleError} When the file is not a database, or was created by a newer release. Nothing was
 *   changed.
 * @throws {CorruptError} When the file is damaged.
 * @throws {BusyError | BackendError} When the database cannot be opened now.
 *
 * @example
 * ```ts
 * import { libsqlBackend } from "@holdfast/store/libsql";
 *
 * const backend = await libsqlBackend({ url: ":memory:", account: "alice" });
 * await backend.putSession("5511999990000@c.us.0", new Uint8Array([1, 2, 3]));
 * await backend.close();
 * ```
 */
export async function libsqlBackend(options: LibsqlBackendOptions): Promise<Backend> {
  requireObject("open database: options", options);
  const { url, authToken, native, account, clock, logger = consoleWarnings() } = options;
  const { sealing, originalIsStopped } = options;
  const driver = await openLibsqlDriver({ url, authToken, native, logger, clock });
  return await openFileBackend(driver, { account, clock, sealing, originalIsStopped });
}
