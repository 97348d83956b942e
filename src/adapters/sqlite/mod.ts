/**
 * A backend over any SQLite: schema, migrations, statements and row codecs behind a driver of two methods.
 *
 * @module
 */

export { type OverviewReads, overviewReads } from "./account_overview.ts";
export { FIRST_PAGE as FIRST_COLLECTION_PAGE, PAGE_ROWS } from "./app_sync_reads.ts";
export { PAGE as COLLECTION_PAGE } from "./collection_listing.ts";
export { checkIntegrity, findOrphans, type IntegrityProblem } from "./integrity.ts";
export { readSchema } from "./migrate.ts";
export { SCOPED_TABLES } from "./schema.ts";
export type { SqlDriver, SqlLimits, SqlResult, SqlStatement, SqlValue } from "./sql_driver.ts";
export {
  openScrubbedBackend,
  openSqliteBackend,
  openSqliteCore,
  type SqliteBackendOptions,
} from "./sqlite_backend.ts";
export { openSqliteReader } from "./sqlite_reader.ts";
