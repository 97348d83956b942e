/**
 * A backend over `node:sqlite`.
 *
 * @module
 */
export { nodeSqliteBackend, type SqliteFileBackendOptions } from "../adapters/node_sqlite/mod.ts";
