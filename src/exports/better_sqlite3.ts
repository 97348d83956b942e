/**
 * A backend over the package `better-sqlite3`.
 *
 * @module
 */
export {
  type BetterSqlite3BackendOptions,
  betterSqlite3Backend,
  type NativeLibrary,
} from "../adapters/better_sqlite3/mod.ts";
