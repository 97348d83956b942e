/**
 * A backend over libSQL: local files, memory, and servers, through `@libsql/client`.
 *
 * @module
 */
export {
  type LibsqlBackendOptions,
  libsqlBackend,
  type NativeDatabase,
  type NativeLibrary,
  type NativeStatement,
} from "../adapters/libsql/mod.ts";
