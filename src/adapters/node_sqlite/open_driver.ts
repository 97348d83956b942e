import { IncompatibleError } from "../../errors/mod.ts";
import {
  builtinModule,
  type FileDriver,
  openNativeFile,
  type SqliteFileOptions,
} from "../sqlite_file/mod.ts";
import { type NodeSqlite, nodeLibrary } from "./node_database.ts";

/**
 * Opens a driver over `node:sqlite`.
 *
 * @throws {IncompatibleError} When the runtime has no `node:sqlite`.
 * @throws {BackendError | BusyError} When the file cannot be opened.
 */
export async function openNodeSqliteDriver(options: Omit<SqliteFileOptions, "connect">): Promise<FileDriver> {
  const sqlite = builtinModule<NodeSqlite>("node:sqlite");
  if (typeof sqlite?.DatabaseSync?.prototype?.prepare !== "function")
    throw new IncompatibleError("open database: the runtime has no node:sqlite (Node has it from 22.16 on)");
  return await openNativeFile(nodeLibrary(sqlite), options);
}
