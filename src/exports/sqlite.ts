/**
 * A backend over any SQLite: schema, migrations, statements and row codecs over a driver with two methods.
 *
 * @module
 */
export {
  openSqliteBackend,
  type SqlDriver,
  type SqliteBackendOptions,
  type SqlLimits,
  type SqlResult,
  type SqlStatement,
  type SqlValue,
} from "../adapters/sqlite/mod.ts";
