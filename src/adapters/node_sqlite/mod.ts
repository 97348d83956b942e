/**
 * A backend over the runtime's own SQLite, `node:sqlite`: Node from 22.16 on, Deno and Bun.
 *
 * @module
 */
export type { SqliteFileBackendOptions } from "../sqlite_file/mod.ts";
export { nodeSqliteBackend } from "./node_sqlite_backend.ts";
