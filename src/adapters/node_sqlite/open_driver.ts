import { IncompatibleError } from "../../errors/mod.ts";
import { builtinModule } from "../../ports/mod.ts";
import { type FileDriver, openNativeFile, type SqliteFileOptions } from "../sqlite_file/mod.ts";
import { type NodeSqlite, nodeLibrary } from "./node_database.ts";

/**
 * Opens a driver over `node:sqlite`.
 *
 * @throws {IncompatibleError} When the runtime has no `node:sqlite`.
 * @throws {BackendError | BusyError} When the file cannot be opened.
 */
export async function openNodeSqliteDriver(options: Omit<SqliteFileOptions, "connect">): Promise<FileDriver> {
  return await openNativeFile(nodeSqliteLibrary(), options);
}

/** `node:sqlite` as a native library. @throws {IncompatibleError} When the runtime has none. */
export function nodeSqliteLibrary(): ReturnType<typeof nodeLibrary> {
  const sqlite = builtinModule<NodeSqlite>("node:sqlite");
  if (typeof sqlite?.DatabaseSync?.prototype?.prepare !== "function")
    throw new IncompatibleError("open database: the runtime has no node:sqlite (Node has it from 22.16 on)");
  return nodeLibrary(sqlite);
}
