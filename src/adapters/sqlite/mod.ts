/**
 * A backend over any SQLite: schema, migrations, statements and row codecs behind a driver of two methods.
 *
 * @module
 */

export { readSchema } from "./migrate.ts";
export type { SqlDriver, SqlLimits, SqlResult, SqlStatement, SqlValue } from "./sql_driver.ts";
export { openSqliteBackend, openSqliteCore, type SqliteBackendOptions } from "./sqlite_backend.ts";
