/**
 * A backend over `bun:sqlite`.
 *
 * @module
 */
export { type BunSqliteBackendOptions, bunSqliteBackend } from "../adapters/bun_sqlite/mod.ts";
