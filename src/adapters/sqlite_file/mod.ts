/**
 * Local files, with one connection per file, through the SQLite of the host.
 *
 * @module
 */
export type { SqliteFileBackendOptions } from "./backend_options.ts";
export { mapDriverError } from "./driver_errors.ts";
export { rowsOf, toDriver } from "./driver_values.ts";
export { openFileBackend } from "./file_backend.ts";
export { type FoundLibrary, findPackage, packageOrigins } from "./find_package.ts";
export {
  NativeClient,
  type NativeDatabase,
  type NativeLibrary,
  type NativeStatement,
  type OpenForReading,
  type RuntimeLibrary,
} from "./native_client.ts";
export {
  BUSY_TIMEOUT_MS,
  type FileDriver,
  openNativeFile,
  openSqliteFile,
  SQLITE_LIMITS,
  type SqliteFileOptions,
} from "./open_files.ts";
export { hasOtherUsers } from "./other_users.ts";
export { openFileForReading } from "./read_only_file.ts";
export { BusyRetry } from "./retry_busy.ts";
export { SerialQueue } from "./serial_queue.ts";
export type { SqliteClient } from "./sqlite_client.ts";
