import { IncompatibleError } from "../../errors/mod.ts";
import type { Logger } from "../../ports/mod.ts";
import type { SqlDriver } from "../sqlite/mod.ts";
import { BUSY_TIMEOUT_MS, builtinModule, NativeClient, openSqliteFile } from "../sqlite_file/mod.ts";
import { type BunSqlite, bunLibrary } from "./bun_database.ts";

/** Options of the driver. */
export interface BunSqliteDriverOptions {
  /** Path of the file, or `:memory:`. */
  readonly path: string;
  readonly logger: Logger;
}

/**
 * Opens a driver over `bun:sqlite`.
 *
 * @throws {IncompatibleError} When the runtime has no `bun:sqlite`.
 * @throws {BackendError | BusyError} When the file cannot be opened.
 */
export async function openBunSqliteDriver({ path, logger }: BunSqliteDriverOptions): Promise<SqlDriver> {
  const sqlite = builtinModule<BunSqlite>("bun:sqlite");
  if (sqlite === undefined) throw new IncompatibleError("open database: the runtime has no bun:sqlite");
  const library = bunLibrary(sqlite);
  const connect = (file: string): NativeClient => new NativeClient(library, file, BUSY_TIMEOUT_MS);
  return await openSqliteFile({ path, logger, connect });
}
