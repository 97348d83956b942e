import { IncompatibleError } from "../../errors/mod.ts";
import {
  type FileDriver,
  findPackage,
  type NativeLibrary,
  openNativeFile,
  packageOrigins,
  type SqliteFileOptions,
} from "../sqlite_file/mod.ts";
import { betterLibrary } from "./better_database.ts";

/** Options of `openBetterSqlite3Driver`. */
export interface BetterSqlite3DriverOptions extends Omit<SqliteFileOptions, "connect"> {
  /** The class that `better-sqlite3` exports. Defaults to that of the installed package. */
  readonly library?: NativeLibrary | undefined;
}

/**
 * Opens a driver over `better-sqlite3`.
 *
 * @throws {IncompatibleError} When the package is not installed, or not built for this runtime.
 * @throws {BackendError | BusyError} When the file cannot be opened.
 */
export async function openBetterSqlite3Driver(options: BetterSqlite3DriverOptions): Promise<FileDriver> {
  const { library = installedLibrary(), ...file } = options;
  return await openNativeFile(betterLibrary(library), file);
}

function installedLibrary(): NativeLibrary {
  const { library, reason } = findPackage("better-sqlite3", packageOrigins());
  if (library === undefined) throw new IncompatibleError(`open database: ${reason}`);
  return library;
}
