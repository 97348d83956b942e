/**
 * A backend over PostgreSQL, through `pg`, `postgres`, Neon's HTTP driver, PGlite, or a driver of your own.
 *
 * @module
 */
export {
  type PostgresBackendOptions,
  type PostgresDriver,
  postgresBackend,
} from "../adapters/postgres/mod.ts";
