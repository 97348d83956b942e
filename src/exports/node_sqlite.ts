/**
 * A backend over `node:sqlite`.
 *
 * @module
 */
export { type NodeSqliteBackendOptions, nodeSqliteBackend } from "../adapters/node_sqlite/mod.ts";
