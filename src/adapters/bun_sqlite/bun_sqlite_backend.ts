import type { Backend } from "../../backend/mod.ts";
import { requireObject } from "../../errors/mod.ts";
import { consoleWarnings } from "../../ports/mod.ts";
import { openFileBackend, type SqliteFileBackendOptions } from "../sqlite_file/mod.ts";
import { openBunSqliteDriver } from "./open_driver.ts";

/**
 * Opens one account of a SQLite file through `bun:sqlite`, without a native package. Files are the same as
 * those of `libsqlBackend`, and behave the same; see there.
 *
 * @throws {IncompatibleError} When the runtime is not Bun, the file is not a database, or it was created by a
 *   newer release. Nothing was changed.
 * @throws {TypeError} When the account's name is malformed.
 * @throws {CorruptError} When the file is damaged.
 * @throws {BusyError | BackendError} When the database cannot be opened now.
 *
 * @example
 * ```ts ignore
 * import { openAccount } from "@holdfast/store";
 * import { bunSqliteBackend } from "@holdfast/store/bun-sqlite";
 *
 * const backend = bunSqliteBackend({ path: "bot.db", account: "alice" });
 * await using account = await openAccount({ backend });
 * ```
 */
export async function bunSqliteBackend(options: SqliteFileBackendOptions): Promise<Backend> {
  requireObject("open database: options", options);
  const { path, account, clock, logger = consoleWarnings(), sealing, originalIsStopped } = options;
  const driver = await openBunSqliteDriver({ path, logger, clock });
  return await openFileBackend(driver, { account, clock, sealing, originalIsStopped });
}
