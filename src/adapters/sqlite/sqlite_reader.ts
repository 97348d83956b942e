import {
  type AccountSummary,
  type Backend,
  createBackend,
  requireAccountName,
  type Sealing,
} from "../../backend/mod.ts";
import { IncompatibleError, RefusedError } from "../../errors/mod.ts";
import { deviceReads } from "./device_reads.ts";
import { readSchema } from "./migrate.ts";
import { ReadScope } from "./read_scope.ts";
import { MIGRATIONS } from "./schema.ts";
import type { SqlDriver } from "./sql_driver.ts";
import { createCore, OpenDriver } from "./sqlite_backend.ts";

/** A database that is read and not changed: no layout is brought up to date, no account registered. */
export interface SqliteReader {
  /** The layout of the database. */
  readonly schemaVersion: number;
  /** The layout of this release. */
  readonly newestSchemaVersion: number;
  /** All accounts, in ascending order of their id. Works with every layout. */
  listAccounts(): Promise<AccountSummary[]>;
  /**
   * The reads of one account. A commit is refused. Closing it does not close the driver.
   *
   * @throws {TypeError} When the name is empty or longer than 1,024 characters.
   * @throws {IncompatibleError} When the layout is older than that of this release.
   */
  account(name: string, sealing?: Sealing): Backend;
}

/**
 * Opens a database for reading. Writes nothing.
 *
 * @param label Names the database in errors.
 * @throws {IncompatibleError} When the database has no tables of this package, or is newer than this release.
 * @throws {CorruptError | BusyError | BackendError}
 */
export async function openSqliteReader(driver: SqlDriver, label: string): Promise<SqliteReader> {
  const schema = await readSchema(driver);
  const newest = MIGRATIONS.length;
  if (schema.version === 0) throw new IncompatibleError(`read database: ${label} has no tables of Holdfast`);
  if (schema.floor > newest)
    throw new IncompatibleError(
      `read database: the schema ${schema.version} of ${label} is newer than ${newest}, upgrade @holdfast/store`,
    );
  const reading = readingDriver(driver);
  return {
    schemaVersion: schema.version,
    newestSchemaVersion: newest,
    listAccounts: () => deviceReads(new ReadScope(reading, ""), reading).listAccounts(),
    account(name, sealing) {
      requireAccountName(name);
      if (schema.version < newest)
        throw new IncompatibleError(
          `read database: the schema ${schema.version} of ${label} is older than ${newest}, migrate it first`,
        );
      const core = createCore(new OpenDriver(reading), name);
      return createBackend(sealing?.sealed(core, { account: name }) ?? core);
    },
  };
}

/** The driver without its changes. Its owner closes it. */
function readingDriver(driver: SqlDriver): SqlDriver {
  return {
    limits: driver.limits,
    durable: driver.durable,
    query: (...args) => driver.query(...args),
    batch: async () => {
      throw new RefusedError("commit: the database is open for reading");
    },
    close: async () => {},
  };
}
