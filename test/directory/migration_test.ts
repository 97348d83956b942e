/** Migrations over SQLite that crash at every statement or find damaged rows. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Account, openAccount } from "../../mod.ts";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { openSqliteBackend, type SqlDriver, type SqlStatement } from "../../src/adapters/sqlite/mod.ts";
import type { Write } from "../../src/backend/mod.ts";
import { type Directory, directory } from "../../src/directory/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { SessionRecord } from "../../src/ratchet/mod.ts";
import { fakeHost } from "../../src/testing/mod.ts";
import { senderKeyRecordBytes, sessionRecordBytes } from "../support/signal/sample_signal_records.ts";

const GROUP = "120363000000000001@g.us";
const USERS = [1, 2, 3].map((n) => ({ lid: `10000000000000${n}`, phoneNumber: `551199999000${n}` }));
const TABLES = ["lid_mapping", "device_list", "session", "identity", "sender_key", "tc_token"];

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-migration-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** One incarnation of a process over the file. */
class Incarnation {
  /** Index of the statement at which the process crashes in the next commit. */
  diesAt: number | undefined;
  /** Number of statements of the last commit. */
  statements = 0;
  readonly #driver: SqlDriver;
  account!: Account;
  directory!: Directory;

  private constructor(driver: SqlDriver) {
    this.#driver = driver;
  }

  static async open(seed: number): Promise<Incarnation> {
    const driver = await openLibsqlDriver({
      url: `file:${join(folder, "account.db")}`,
      logger: silentLogger,
    });
    const incarnation = new Incarnation(driver);
    const backend = await openSqliteBackend({
      limits: driver.limits,
      durable: driver.durable,
      query: (sql, params) => driver.query(sql, params),
      batch: (statements) => incarnation.#batch(statements),
      close: () => driver.close(),
    });
    const host = fakeHost({ seed });
    incarnation.account = await openAccount({
      backend,
      host,
      saverIntervalMs: "manual",
      housekeeping: false,
    });
    incarnation.directory = directory(incarnation.account);
    return incarnation;
  }

  /** Rows of every table that a migration changes. */
  async rows(): Promise<string> {
    const rows: unknown[] = [];
    for (const table of TABLES) rows.push(await this.#driver.query(`SELECT * FROM ${table}`, []));
    return JSON.stringify(rows, (_key, value) => (value instanceof Uint8Array ? [...value] : value));
  }

  /** Changes rows without the process. */
  async damage(sql: string): Promise<void> {
    await this.#driver.batch([{ sql, params: [] }]);
  }

  /** Ends the process without a flush. */
  async die(): Promise<void> {
    await this.#driver.close();
  }

  async #batch(statements: readonly SqlStatement[]) {
    this.statements = statements.length;
    if (this.diesAt === undefined) return await this.#driver.batch(statements);
    const dying = [
      ...statements.slice(0, this.diesAt),
      { sql: "SELECT abs(-9223372036854775808)", params: [] },
    ];
    this.diesAt = undefined;
    return await this.#driver.batch(dying);
  }
}

/** Writes of state under both names of every user. */
function state(): Write[] {
  const key = (n: number): Uint8Array => new Uint8Array(32).fill(n);
  return USERS.flatMap(({ lid, phoneNumber }, n): Write[] => [
    { kind: "identity.put", address: `${phoneNumber}@c.us.0`, key: key(n) },
    { kind: "session.put", address: `${phoneNumber}@c.us.0`, record: sessionRecordBytes(10 + n) },
    { kind: "session.put", address: `${phoneNumber}:3@c.us.0`, record: sessionRecordBytes(20 + n) },
    { kind: "session.put", address: `${lid}:3@lid.0`, record: sessionRecordBytes(30 + n) },
    { kind: "senderKey.put", name: `${GROUP}:${phoneNumber}@c.us.0`, record: senderKeyRecordBytes(40 + n) },
    {
      kind: "deviceList.put",
      records: [{ user: phoneNumber, devices: [{ deviceId: 0 }, { deviceId: 3 }], timestamp: 1 }],
    },
    {
      kind: "tcToken.put",
      jid: `${phoneNumber}@s.whatsapp.net`,
      entry: { token: key(50 + n), tokenTimestamp: 50 + n, senderTimestamp: 60 + n },
    },
  ]);
}

/** Addresses stored under either name of every user. */
async function addresses({ account }: Incarnation): Promise<string[]> {
  const users = USERS.flatMap(({ lid, phoneNumber }) => [lid, phoneNumber]);
  const found = await account.store.listSignalAddresses(users);
  const tokens = await account.store.getAllTcTokenJids();
  return [
    ...found.map(({ kind, address }) => `${kind} ${address}`),
    ...tokens.map((jid) => `tcToken ${jid}`),
  ].sort();
}

const MOVED = USERS.flatMap(({ lid }) => [
  `identity ${lid}@lid.0`,
  `senderKey ${GROUP}:${lid}@lid.0`,
  `session ${lid}:3@lid.0`,
  `session ${lid}@lid.0`,
  `tcToken ${lid}@lid`,
]).sort();

describe("Directory.learn over SQLite", () => {
  test("migrates all or nothing when a crash hits any statement", async () => {
    let seed = 1;
    let incarnation = await Incarnation.open(seed);
    await incarnation.account.commitWith(state());
    let died = 0;
    for (let statement = 0; ; statement += 1) {
      const before = await incarnation.rows();
      incarnation.diesAt = statement;
      const learnt = await incarnation.directory.learn(USERS, { source: "usync" }).then(
        () => true,
        () => false,
      );
      // The loop has reached every statement and the one after the last.
      expect(learnt).toBe(false);
      died += 1;
      expect(await incarnation.rows(), `statement ${statement}`).toBe(before);
      const isLast = statement === incarnation.statements;
      await incarnation.die();
      seed += 1;
      incarnation = await Incarnation.open(seed);
      expect(await incarnation.account.lid.getLids(USERS.map(({ phoneNumber }) => phoneNumber))).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      if (isLast) break;
    }
    expect(died).toBeGreaterThan(10);
    await incarnation.directory.learn(USERS, { source: "usync" });
    await incarnation.die();
    const last = await Incarnation.open(seed + 1);
    expect(await addresses(last)).toEqual(MOVED);
    expect(await last.account.store.getDevicesFor(USERS.map(({ phoneNumber }) => phoneNumber))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const lists = await last.account.store.getDevicesFor(USERS.map(({ lid }) => lid));
    expect(lists.map((list) => list?.devices.length)).toEqual([2, 2, 2]);
    await last.account.close();
  });

  test("does not treat an unreadable LID identity as absent", async () => {
    const [user] = USERS;
    if (user === undefined) throw new Error("no user");
    const { lid, phoneNumber } = user;
    const key = new Uint8Array(32).fill(9);
    const before = await Incarnation.open(1);
    await before.account.commitWith([
      ...state(),
      { kind: "identity.put", address: `${lid}@lid.0`, key },
      { kind: "identity.put", address: `${phoneNumber}:3@c.us.0`, key },
      { kind: "identity.put", address: `${lid}:3@lid.0`, key: new Uint8Array(32).fill(8) },
    ]);
    await before.damage(`UPDATE identity SET key = x'0102' WHERE address = '${lid}@lid.0'`);
    await before.die();
    const incarnation = await Incarnation.open(2);
    await incarnation.directory.learn(USERS, { source: "usync" });
    const left = [`identity ${phoneNumber}@c.us.0`, `identity ${lid}:3@lid.0`];
    expect(await addresses(incarnation)).toEqual([...MOVED, ...left].sort());
    // Of two readable identities the LID's wins.
    expect(await incarnation.account.store.loadIdentity(`${lid}:3@lid.0`)).toEqual(
      new Uint8Array(32).fill(8),
    );
    await expect(incarnation.account.store.loadIdentity(`${lid}@lid.0`)).rejects.toMatchObject({
      code: "wrong-length",
    });
    expect(await incarnation.account.lid.getLid(phoneNumber)).toBe(lid);
    await incarnation.account.close();
  });

  test("archives the phone number's session with its chain burned", async () => {
    const before = await Incarnation.open(1);
    const lease = { reservedUntil: 40, incarnation: "0123456789abcdef0123456789abcdef", burned: 0 };
    await before.account.commitWith([
      { kind: "session.put", address: "5511999990001:3@c.us.0", record: sessionRecordBytes(20), lease },
      { kind: "session.put", address: "100000000000001:3@lid.0", record: sessionRecordBytes(30) },
    ]);
    await before.die();
    const incarnation = await Incarnation.open(2);
    await incarnation.directory.learn(USERS, { source: "usync" });
    await incarnation.die();
    const after = await Incarnation.open(3);
    const record = SessionRecord.decode(
      (await after.account.store.getSession("100000000000001:3@lid.0")) ?? new Uint8Array(),
    );
    expect(record.current?.rootKey?.[0]).toBe(30);
    const archived = record.archived(0);
    expect(archived.rootKey?.[0]).toBe(20);
    // Keys below the bound may have been used before.
    expect(archived.senderChain?.next).toBeGreaterThanOrEqual(40);
    await after.account.close();
  });
});
