/**
 * A backend over any SQLite: schema, migrations, statements and row codecs behind a driver of two methods.
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
