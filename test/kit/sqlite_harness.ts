/** Shared code of the harnesses of all SQLite targets. Uses no Node API, so that it also runs in a Worker. */

import { memoryBackend } from "../../src/adapters/memory/mod.ts";
import { openSqliteBackend, type SqlDriver, type SqlStatement } from "../../src/adapters/sqlite/mod.ts";
import type { Backend, Sealing, ValueTransform } from "../../src/backend/mod.ts";
import {
  type ConformanceHarness,
  type Damage,
  type DamagedValue,
  DEFAULT_ACCOUNT,
  FakeClock,
} from "../../src/testing/mod.ts";

/** How each kind of stored value is damaged. */
const DAMAGES: Readonly<Record<DamagedValue, Partial<Record<Damage, string>>>> = {
  identity: { "wrong-length": "UPDATE identity SET key = x'00'" },
  syncKey: { undecodable: "UPDATE sync_key SET key_data = x''" },
  syncVersion: {
    undecodable: "UPDATE sync_version SET version = '-'",
    "wrong-length": "UPDATE sync_version SET hash = x'00'",
  },
  deviceList: { undecodable: "UPDATE device_list SET devices = x'ff'" },
  msgSecret: { "wrong-length": "UPDATE msg_secret SET secret = x'00'" },
  device: {
    undecodable: "UPDATE device SET extra = x'ff'",
    "wrong-length": "UPDATE device SET identity_key = x'00'",
  },
};

/** A statement that fails for no reason of the contract, like a broken disk. */
const FAILING: SqlStatement = { sql: "INSERT INTO nowhere (id) VALUES (1)", params: [] };

/** The parts in which targets differ. */
export interface SqliteTargetParts {
  /** Opens another connection to the database. */
  connect(): Promise<SqlDriver>;
  /** Changes stored values. */
  readonly values?: ValueTransform;
  /** Encrypts stored values. */
  readonly sealing?: Sealing;
  /** Called after a crash, before the database is opened again. Defaults to nothing. */
  afterCrash?(): Promise<void>;
  /** Deletes the database after every backend is closed. */
  remove(): Promise<void>;
}

/** A harness over any driver. */
export class SqliteHarness implements ConformanceHarness {
  readonly clock: FakeClock = new FakeClock();
  readonly #parts: SqliteTargetParts;
  #open: Backend[] = [];
  #abandoned: Backend[] = [];
  #failAt: number | undefined;

  constructor(parts: SqliteTargetParts) {
    this.#parts = parts;
  }

  async open(account: string = DEFAULT_ACCOUNT): Promise<Backend> {
    const driver = this.#faulty(await this.#parts.connect());
    const { values, sealing } = this.#parts;
    const backend = await openSqliteBackend(driver, { account, clock: this.clock, values, sealing });
    this.#open.push(backend);
    return backend;
  }

  async reopen(account?: string): Promise<Backend> {
    await this.#closeAll();
    return await this.open(account);
  }

  async crash(account?: string): Promise<Backend> {
    this.#abandoned.push(...this.#open);
    this.#open = [];
    await this.#parts.afterCrash?.();
    return await this.open(account);
  }

  failCommitAt(statementIndex: number): void {
    this.#failAt = statementIndex;
  }

  async damage(account: string, value: DamagedValue, how: Damage): Promise<void> {
    const sql = DAMAGES[value][how];
    if (sql === undefined) throw new TypeError(`damage: ${value} cannot be ${how}`);
    const driver = await this.#parts.connect();
    const where = "WHERE device_id = (SELECT device_id FROM account WHERE name = ?)";
    const [result] = await driver.batch([{ sql: `${sql} ${where}`, params: [account] }]);
    await driver.close();
    if (result?.rowsAffected === 0) throw new TypeError(`damage: ${account} has no ${value}`);
  }

  async oracle(): Promise<Backend> {
    return memoryBackend({ clock: this.clock });
  }

  async dispose(): Promise<void> {
    await this.#closeAll();
    await this.#parts.remove();
  }

  async #closeAll(): Promise<void> {
    const backends = [...this.#open, ...this.#abandoned];
    this.#open = [];
    this.#abandoned = [];
    for (const backend of backends) await backend.close();
  }

  #faulty(driver: SqlDriver): SqlDriver {
    return {
      limits: driver.limits,
      durable: driver.durable,
      query: (sql, params) => driver.query(sql, params),
      batch: (statements, joins) => driver.batch(this.#withFault(statements), joins),
      close: () => driver.close(),
    };
  }

  #withFault(statements: readonly SqlStatement[]): readonly SqlStatement[] {
    // Every commit begins with its guard. Statements for the schema and the account's row have none.
    const guard = statements[0]?.sql ?? "";
    const isCommit = guard.startsWith("SELECT CASE") && !guard.includes("holdfast_schema");
    if (this.#failAt === undefined || !isCommit) return statements;
    const failAt = this.#failAt;
    this.#failAt = undefined;
    if (failAt >= statements.length) return statements;
    return [...statements.slice(0, failAt), FAILING, ...statements.slice(failAt + 1)];
  }
}
