import type { Backend } from "../../backend/mod.ts";
import { requireObject } from "../../errors/mod.ts";
import { consoleWarnings } from "../../ports/mod.ts";
import { type NativeLibrary, openFileBackend, type SqliteFileBackendOptions } from "../sqlite_file/mod.ts";
import { openBetterSqlite3Driver } from "./open_driver.ts";

/** Options of `betterSqlite3Backend`. */
export interface BetterSqlite3BackendOptions extends SqliteFileBackendOptions {
  /**
   * The class that `better-sqlite3` exports. Defaults to that of the installed package, which is looked up at
   * run time: hand it in where a bundle or another folder has the package. The first opening of a file in
   * this process decides.
   */
  readonly library?: NativeLibrary | undefined;
}

/**
 * Opens one account of a SQLite file through the package `better-sqlite3`, version 12 (Node) or 13
 * (Node from 22 on, Deno, Bun; on Node 20 it ends the process). Files are the same as those of `libsqlBackend`, and behave the same; see there. The
 * connection is opened by this package, with its own settings: a connection of the application to the same
 * file is another one, with the settings of the application.
 *
 * @throws {IncompatibleError} When the package is not installed, or not built for this runtime, the file is
 *   not a database, or it was created by a newer release. Nothing was changed.
 * @throws {TypeError} When the account's name is malformed.
 * @throws {CorruptError} When the file is damaged.
 * @throws {BusyError | BackendError} When the database cannot be opened now.
 *
 * @example
 * ```ts ignore
 * import { openAccount } from "@holdfast/store";
 * import { betterSqlite3Backend } from "@holdfast/store/better-sqlite3";
 *
 * const backend = betterSqlite3Backend({ path: "bot.db", account: "alice" });
 * await using account = await openAccount({ backend });
 * ```
 */
export async function betterSqlite3Backend(options: BetterSqlite3BackendOptions): Promise<Backend> {
  requireObject("open database: options", options);
  const { path, account, clock, logger = consoleWarnings(), sealing, originalIsStopped, library } = options;
  const driver = await openBetterSqlite3Driver({ path, logger, clock, library });
  return await openFileBackend(driver, { account, clock, sealing, originalIsStopped });
}
