/**
 * A backend over the package `better-sqlite3`.
 *
 * @module
 */
export type { NativeLibrary } from "../sqlite_file/mod.ts";
export { type BetterSqlite3BackendOptions, betterSqlite3Backend } from "./better_sqlite3_backend.ts";
