import { IncompatibleError } from "../../errors/mod.ts";
import type { Logger } from "../../ports/mod.ts";
import type { SqlDriver } from "../sqlite/mod.ts";
import { BUSY_TIMEOUT_MS, builtinModule, NativeClient, openSqliteFile } from "../sqlite_file/mod.ts";
import { type NodeSqlite, nodeLibrary } from "./node_database.ts";

/** Options of the driver. */
export interface NodeSqliteDriverOptions {
  /** Path of the file, or `:memory:`. */
  readonly path: string;
  readonly logger: Logger;
}

/**
 * Opens a driver over `node:sqlite`.
 *
 * @throws {IncompatibleError} When the runtime has no `node:sqlite`.
 * @throws {BackendError | BusyError} When the file cannot be opened.
 */
export async function openNodeSqliteDriver({ path, logger }: NodeSqliteDriverOptions): Promise<SqlDriver> {
  const sqlite = builtinModule<NodeSqlite>("node:sqlite");
  if (typeof sqlite?.DatabaseSync?.prototype?.prepare !== "function")
    throw new IncompatibleError("open database: the runtime has no node:sqlite (Node has it from 22.16 on)");
  const library = nodeLibrary(sqlite);
  const connect = (file: string): NativeClient => new NativeClient(library, file, BUSY_TIMEOUT_MS);
  return await openSqliteFile({ path, logger, connect });
}
