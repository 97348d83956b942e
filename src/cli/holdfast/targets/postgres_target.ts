import { Deadline } from "../../../adapters/postgres/deadline.ts";
import { openPostgresDriver, type PostgresDriver, postgresBackend } from "../../../adapters/postgres/mod.ts";
import { pgDriver } from "../../../adapters/postgres/pg_driver.ts";
import { findOrphans, type SqlDriver } from "../../../adapters/sqlite/mod.ts";
import { BackendError } from "../../../errors/mod.ts";
import type { Logger } from "../../../ports/mod.ts";
import { eraseAccount, lookThrough, serverLiveness } from "./database_access.ts";
import { type PostgresAddress, postgresAddress } from "./postgres_address.ts";
import { type PostgresPool, postgresLibrary } from "./postgres_library.ts";
import type { KeyOptions, Liveness, Looking, StoredTarget, Target } from "./target.ts";

/** How long a wait for the server may take. */
export interface PostgresLimits {
  /** For a connection, in milliseconds. */
  readonly connectMs: number;
  /** For an answer, in milliseconds. */
  readonly answerMs: number;
}

const LIMITS: PostgresLimits = { connectMs: 10_000, answerMs: 60_000 };

/** How long connections that are no longer needed may take to end, in milliseconds. */
const END_MS = 2_000;

/** Connections of a service. A commit holds one for a round trip. */
const CONNECTIONS = 10;

/** All queries of a connection see one state, and the server refuses what writes. */
const BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/** A database behind a PostgreSQL server, through the package `pg`. */
export class PostgresTarget implements StoredTarget {
  readonly kind = "database";
  readonly #address: PostgresAddress;
  readonly #logger: Logger;
  readonly #keys: KeyOptions;
  readonly #limits: PostgresLimits;
  /** The connections of all accounts that are open. */
  #pool: PostgresPool | undefined;
  /** How many drivers use it. */
  #users = 0;

  constructor(url: string, logger: Logger, keys: KeyOptions = {}, limits: PostgresLimits = LIMITS) {
    this.#address = postgresAddress(url);
    this.#logger = logger;
    this.#keys = keys;
    this.#limits = limits;
  }

  get shown(): string {
    return this.#address.shown;
  }

  get hasKeys(): boolean {
    return this.#keys.sealing !== undefined;
  }

  async look(): Promise<Looking> {
    const driver = await this.#opened(this.#readingDriver(), this.#logger);
    return await lookThrough({
      driver,
      shown: this.shown,
      keys: this.#keys,
      hiddenOwner: async () => "A database server does not tell whether an owner runs",
      // Its pages and indexes are checked by the programs of PostgreSQL.
      integrity: findOrphans,
    });
  }

  liveness(account: string): Promise<Liveness> {
    return serverLiveness(() => this.look(), account);
  }

  async open(account: string, keys: KeyOptions = this.#keys): ReturnType<Target["open"]> {
    const driver = this.#sharedDriver();
    try {
      const { schema } = this.#address;
      return await postgresBackend({
        ...{ driver, schema, account, logger: this.#logger, timeoutMs: this.#limits.answerMs },
        ...keys,
      });
    } catch (error) {
      await driver.close();
      throw error;
    }
  }

  async driver(logger: Logger): Promise<SqlDriver> {
    return await this.#opened(this.#sharedDriver(), logger);
  }

  async erase({ account, accountId }: Parameters<Target["erase"]>[0]): Promise<void> {
    await eraseAccount(await this.open(account), accountId);
  }

  async #opened(driver: PostgresDriver, logger: Logger): Promise<SqlDriver> {
    try {
      return await openPostgresDriver({
        ...{ driver, schema: this.#address.schema, logger, timeoutMs: this.#limits.answerMs },
      });
    } catch (error) {
      await driver.close();
      throw error;
    }
  }

  #newPool(options: Readonly<Record<string, unknown>>): PostgresPool {
    const { Pool } = postgresLibrary();
    const pool = new Pool({
      connectionString: this.#address.connectionString,
      connectionTimeoutMillis: this.#limits.connectMs,
      fallback_application_name: "holdfast",
      keepAlive: true,
      ...options,
    });
    // An idle connection that ends is replaced. Without a listener it would end the process.
    pool.on("error", () => {});
    return pool;
  }

  #driverOver(pool: PostgresPool, prepare: boolean): PostgresDriver {
    return pgDriver(pool, { prepare, deadline: new Deadline(this.#limits.answerMs) });
  }

  /** A driver over connections that are closed with the last one. */
  #sharedDriver(): PostgresDriver {
    const pool = this.#pool ?? this.#newPool({ max: CONNECTIONS });
    this.#pool = pool;
    this.#users += 1;
    let isOpen = true;
    return {
      ...this.#driverOver(pool, true),
      close: async () => {
        if (!isOpen) return;
        isOpen = false;
        this.#users -= 1;
        if (this.#users > 0) return;
        this.#pool = undefined;
        await end(pool);
      },
    };
  }

  /** A driver over one connection, in one transaction that ends with it. */
  #readingDriver(): PostgresDriver {
    const pool = this.#newPool({ max: 1, idleTimeoutMillis: 0 });
    // Nothing stays prepared, since the connection behind a pooler serves others after it.
    const driver = this.#driverOver(pool, false);
    let connections = 0;
    pool.on("connect", () => {
      connections += 1;
    });
    let begun: Promise<number> | undefined;
    const begin = async (): Promise<number> => {
      try {
        await driver.query({ sql: BEGIN, params: [] });
        return connections;
      } catch (error) {
        begun = undefined;
        throw error;
      }
    };
    return {
      ...driver,
      async query(statement) {
        begun ??= begin();
        const own = await begun;
        const result = await driver.query(statement);
        if (connections === own) return result;
        // Another connection sees another state.
        throw new BackendError("read: the connection to the server was lost, try again");
      },
      close: () => end(pool),
    };
  }
}

/** Ends connections. One that hangs is left to the end of the process. */
async function end(pool: PostgresPool): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, END_MS);
  });
  try {
    await Promise.race([pool.end().catch(() => {}), late]);
  } finally {
    clearTimeout(timer);
  }
}
