import type { Backend, Sealing } from "../../backend/mod.ts";
import { IncompatibleError, requireObject } from "../../errors/mod.ts";
import { type Clock, consoleWarnings, type Logger } from "../../ports/mod.ts";
import { openSqliteBackend, type SqlDriver } from "../sqlite/mod.ts";
import { Deadline } from "./deadline.ts";
import { Dialect } from "./dialect.ts";
import { neonDriver } from "./neon_driver.ts";
import { pgDriver } from "./pg_driver.ts";
import { pgliteDriver } from "./pglite_driver.ts";
import type { PostgresDriver } from "./postgres_driver.ts";
import { postgresJsDriver } from "./postgres_js_driver.ts";
import { mapPostgresError } from "./sql_state.ts";
import { translatedDriver } from "./translated_driver.ts";

/** Default name of the schema. */
const DEFAULT_SCHEMA = "holdfast";

/** Names that need no quotes, whose case does not matter and that are no word of SQL by their prefix alone. */
const SCHEMA_NAME = /^[a-z_][a-z0-9_]{0,62}$/;

/**
 * Options of `postgresBackend`: one client, `pg`, `postgres`, `neon`, `pglite` or `driver`, and what the
 * account is. The client belongs to the caller, and closing the backend does not close it.
 */
export interface PostgresBackendOptions {
  /** A `Pool` of the package `pg`, without its option `pipeline`. A commit is one round trip. */
  readonly pg?: { connect(): Promise<{ release(error?: boolean | Error): void }> } | undefined;
  /** What the function of the package `postgres` returns. A commit is three round trips. */
  readonly postgres?: { begin(...args: never[]): unknown; unsafe(...args: never[]): unknown } | undefined;
  /** What `neon` of `@neondatabase/serverless` (1.0 or newer) returns. A commit is one request. */
  readonly neon?: { query(...args: never[]): unknown; transaction(...args: never[]): unknown } | undefined;
  /** A `PGlite` of `@electric-sql/pglite`. It does not sync its files: see `Capabilities.durableOnResolve`. */
  readonly pglite?: { query(...args: never[]): unknown; transaction(...args: never[]): unknown } | undefined;
  /** Any other client. */
  readonly driver?: PostgresDriver | undefined;
  /** Name of the account. Defaults to `default`. Many accounts may share a database. */
  readonly account?: string | undefined;
  /**
   * The schema of the tables, which is created if it is missing: lower-case letters, digits and `_`. Defaults
   * to `holdfast`. Schemas of one database are independent of each other.
   */
  readonly schema?: string | undefined;
  /**
   * Whether `pg` and `postgres` keep statements prepared on a connection. Set it to false behind a pooler that
   * gives each transaction another connection and does not carry prepared statements over. Defaults to true.
   */
  readonly prepare?: boolean | undefined;
  /**
   * Longest wait in milliseconds for an answer of the server, and for a connection of a pool. A commit that is
   * late may have been applied: it is `AmbiguousError`, and an open account sends it again by itself; a read is
   * `BackendError`. Must be longer than a `lock_timeout` of your own. Defaults to a minute. PGlite has none.
   */
  readonly timeoutMs?: number | undefined;
  /** Stamps base keys and sent messages. Defaults to the host's clock. */
  readonly clock?: Clock | undefined;
  /** Encrypts stored values: `sealing` of the subpath `sealing`. */
  readonly sealing?: Sealing | undefined;
  /** Logs waits for other transactions. Defaults to warnings on the console. */
  readonly logger?: Logger | undefined;
}

/**
 * Opens one account of a PostgreSQL database, version 12 or newer.
 *
 * A commit is one transaction. It is on the server's disk when it resolves, also where `synchronous_commit` is
 * off. Commits of one account wait for each other, those of different accounts do not. A wait ends as
 * `BusyError` after half a minute. A commit during which the connection or the server ends is
 * `AmbiguousError`; an open account sends it again by itself.
 *
 * @throws {TypeError} When there is no client or more than one, or a name is malformed.
 * @throws {RangeError} When `timeoutMs` is no whole number above 0.
 * @throws {IncompatibleError} When the tables were created by a newer release, the encoding of the database is
 *   not UTF8, or the schema has a table of another application. Nothing was changed.
 * @throws {BusyError | BackendError} When the database cannot be opened now.
 *
 * @example
 * ```ts ignore
 * import { openAccount } from "@holdfast/store";
 * import { postgresBackend } from "@holdfast/store/postgres";
 * import pg from "pg";
 *
 * const pool = new pg.Pool({ connectionString: "postgres://bot@localhost/bots" });
 *  // Idle connections may end. Without a listener, that would end the process.
 * pool.on("error", (error) => console.warn("database connection", error.message));
 * const backend = postgresBackend({ pg: pool, account: "alice" });
 * await using account = await openAccount({ backend });
 * ```
 */
export async function postgresBackend(options: PostgresBackendOptions): Promise<Backend> {
  requireObject("open database: options", options);
  const { account, clock, sealing } = options;
  return await openSqliteBackend(await openPostgresDriver(options), { account, clock, sealing });
}

/** Opens the driver of the SQLite backend over a client. */
export async function openPostgresDriver(options: PostgresBackendOptions): Promise<SqlDriver> {
  const { schema = DEFAULT_SCHEMA, logger = consoleWarnings() } = options;
  if (typeof schema !== "string" || !SCHEMA_NAME.test(schema) || schema.startsWith("pg_"))
    throw new TypeError(
      "open database: schema must be lower-case letters, digits and _, and not begin with pg_",
    );
  const driver = driverOf(options, new Deadline(requireTimeout(options.timeoutMs)));
  await requireUtf8(driver);
  return translatedDriver(driver, dialectOf(schema), logger);
}

/** Accounts of one schema share the texts of its statements. */
const dialects = new Map<string, Dialect>();

function dialectOf(schema: string): Dialect {
  let dialect = dialects.get(schema);
  if (dialect === undefined) {
    dialect = new Dialect(schema);
    dialects.set(schema, dialect);
  }
  return dialect;
}

function requireTimeout(timeoutMs: number | undefined): number | undefined {
  if (timeoutMs === undefined || (Number.isSafeInteger(timeoutMs) && timeoutMs > 0)) return timeoutMs;
  throw new RangeError("open database: timeoutMs must be a whole number of milliseconds above 0");
}

function driverOf(
  { pg, postgres, neon, pglite, driver, prepare }: PostgresBackendOptions,
  deadline: Deadline,
): PostgresDriver {
  const given = [
    pg && pgDriver(pg, { prepare, deadline }),
    postgres && limited(postgresJsDriver(postgres, { prepare }), deadline),
    neon && limited(neonDriver(neon), deadline),
    pglite && pgliteDriver(pglite),
    driver && limited(driver, deadline),
  ].filter((each) => each !== undefined);
  const [only] = given;
  if (only === undefined || given.length > 1)
    throw new TypeError("open database: exactly one of pg, postgres, neon, pglite and driver is needed");
  return only;
}

/** What these clients do with a connection that does not answer is up to them. */
function limited(driver: PostgresDriver, deadline: Deadline): PostgresDriver {
  return {
    durable: driver.durable,
    query: (statement) => deadline.run(driver.query(statement)),
    transaction: (statements) => deadline.run(driver.transaction(statements)),
    close: () => driver.close(),
  };
}

/** Texts of other encodings have another order, and lack characters. */
async function requireUtf8(driver: PostgresDriver): Promise<void> {
  let encoding: unknown;
  try {
    const { rows } = await driver.query({ sql: "SELECT current_setting('server_encoding')", params: [] });
    encoding = rows[0]?.[0];
  } catch (error) {
    throw mapPostgresError(error, "open database");
  }
  if (encoding !== "UTF8")
    throw new IncompatibleError("open database: the encoding of the database is not UTF8");
}
