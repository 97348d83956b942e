/**
 * A backend over libSQL: local files, memory, and servers, through `@libsql/client`.
 *
 * @module
 */

export type { NativeDatabase, NativeLibrary, NativeStatement } from "../sqlite_file/mod.ts";
export { type LibsqlBackendOptions, libsqlBackend } from "./libsql_backend.ts";
