/**
 * A backend over libSQL: local files, memory, and servers, through `@libsql/client`.
 *
 * @module
 */
export { type LibsqlBackendOptions, libsqlBackend } from "./libsql_backend.ts";
export type { NativeDatabase, NativeLibrary, NativeStatement } from "./native_client.ts";
