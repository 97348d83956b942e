import { IncompatibleError } from "../../errors/mod.ts";
import { builtinModule } from "../../ports/mod.ts";
import { type FileDriver, openNativeFile, type SqliteFileOptions } from "../sqlite_file/mod.ts";
import { type BunSqlite, bunLibrary } from "./bun_database.ts";

/**
 * Opens a driver over `bun:sqlite`.
 *
 * @throws {IncompatibleError} When the runtime has no `bun:sqlite`.
 * @throws {BackendError | BusyError} When the file cannot be opened.
 */
export async function openBunSqliteDriver(options: Omit<SqliteFileOptions, "connect">): Promise<FileDriver> {
  return await openNativeFile(bunSqliteLibrary(), options);
}

/** `bun:sqlite` as a native library. @throws {IncompatibleError} When the runtime has none. */
export function bunSqliteLibrary(): ReturnType<typeof bunLibrary> {
  const sqlite = builtinModule<BunSqlite>("bun:sqlite");
  if (sqlite === undefined) throw new IncompatibleError("open database: the runtime has no bun:sqlite");
  return bunLibrary(sqlite);
}
