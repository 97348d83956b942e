/**
 * A backend over Bun's own SQLite, `bun:sqlite`.
 *
 * @module
 */
export type { SqliteFileBackendOptions } from "../sqlite_file/mod.ts";
export { bunSqliteBackend } from "./bun_sqlite_backend.ts";
