/**
 * A backend over Bun's own SQLite, `bun:sqlite`.
 *
 * @module
 */
export { type BunSqliteBackendOptions, bunSqliteBackend } from "./bun_sqlite_backend.ts";
