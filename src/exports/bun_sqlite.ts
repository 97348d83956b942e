/**
 * A backend over `bun:sqlite`.
 *
 * @module
 */
export { bunSqliteBackend, type SqliteFileBackendOptions } from "../adapters/bun_sqlite/mod.ts";
