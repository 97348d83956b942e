/**
 * A backend over libSQL. Files and memory use the native library `libsql`, servers use `@libsql/client`.
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
