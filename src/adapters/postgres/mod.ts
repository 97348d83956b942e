/**
 * A backend over PostgreSQL: the statements of the SQLite backend, translated.
 *
 * @module
 */

export { openPostgresDriver, type PostgresBackendOptions, postgresBackend } from "./postgres_backend.ts";
export type { PostgresDriver } from "./postgres_driver.ts";
