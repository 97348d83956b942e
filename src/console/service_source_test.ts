import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openAccount } from "../account/mod.ts";
import { openLibsqlDriver } from "../adapters/libsql/open_driver.ts";
import {
  openSqliteBackend,
  openSqliteReader,
  overviewReads,
  type SqlDriver,
} from "../adapters/sqlite/mod.ts";
import type { Backend } from "../backend/mod.ts";
import { BusyError, RefusedError } from "../errors/mod.ts";
import { silentLogger } from "../ports/mod.ts";
import { CALLER_WIRE } from "../protocol/mod.ts";
import { findAccounts, LocalAccounts, SqlRegistry } from "../service/mod.ts";
import { type FakeHost, fakeHost } from "../testing/mod.ts";
import { retireAccount } from "../transfer/mod.ts";
import { AccountActions } from "./account_actions.ts";
import { AccountWatch } from "./account_watch.ts";
import { ServiceSource } from "./service_source.ts";

const ACCOUNTS = 10_000;

let driver: SqlDriver;

beforeEach(async () => {
  driver = await openLibsqlDriver({ url: ":memory:", logger: silentLogger });
});

afterEach(() => driver.close());

interface World {
  readonly accounts: LocalAccounts;
  readonly actions: AccountActions;
  readonly host: FakeHost;
  readonly registry: SqlRegistry;
  readonly source: ServiceSource;
  readonly watch: AccountWatch;
  /** Statements since the last look. */
  readonly asked: string[];
  /** Backends that were opened. */
  readonly opened: string[];
  open(name: string): Promise<Backend>;
}

async function world(): Promise<World> {
  const host = fakeHost();
  const asked: string[] = [];
  const opened: string[] = [];
  const counted: SqlDriver = {
    ...driver,
    query: async (sql, ...rest) => {
      asked.push(sql);
      return await driver.query(sql, ...rest);
    },
    batch: (...args) => driver.batch(...args),
    close: async () => {},
  };
  const open = async (account: string): Promise<Backend> =>
    await openSqliteBackend({ ...counted }, { account });
  const registry = await SqlRegistry.open(counted, host.clock);
  // The layout.
  await (await open("default")).close();
  const watch = new AccountWatch(host.clock);
  const accounts = new LocalAccounts({
    registry,
    clock: host.clock,
    scheduler: host.scheduler,
    openBackend: async (name) => {
      opened.push(name);
      return watch.followBackend(name, await open(name));
    },
    openAccount: (name, backend) =>
      watch.openAccount(name, { backend, scheduler: host.scheduler }, (scheduler) =>
        openAccount({ taskLabel: name, backend, host: { ...host, scheduler } }),
      ),
  });
  const reader = await openSqliteReader(counted, "test");
  const stored = overviewReads(counted, reader.schemaVersion);
  const schema = { version: reader.schemaVersion, newest: reader.newestSchemaVersion };
  const actions = new AccountActions({ accounts, watch, backups: () => undefined, host });
  const source = new ServiceSource({
    ...{ accounts, watch, actions, stored, backups: () => undefined, clock: host.clock },
    database: {
      hasKeys: false,
      look: async () => ({
        ...{ schema, stored, [Symbol.asyncDispose]: async () => {} },
        reads: async (name) => reader.account(name),
      }),
    },
    registered: (names) => findAccounts(counted, names),
    accountLimits: { maxRows: 50 },
    schemaVersion: schema.version,
    shown: "test",
  });
  return { accounts, actions, host, registry, source, watch, asked, opened, open };
}

describe("ServiceSource", () => {
  test("lists 10,000 accounts in two statements a page, and opens none", async () => {
    const { source, asked, opened, watch } = await world();
    await driver.batch([
      {
        sql: `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${ACCOUNTS - 1})
          INSERT INTO service_account (name, created_at) SELECT printf('bot-%05d', i), i FROM n`,
        params: [],
      },
      {
        sql: "INSERT INTO account (name, owner, epoch) SELECT name, 'o+', 1 FROM service_account",
        params: [],
      },
    ]);
    asked.length = 0;
    let [after, rows]: [string | undefined, number] = [undefined, 0];
    do {
      const page = await source.accounts({ after, limit: 1_000 });
      rows += page.accounts.length;
      expect(page.accounts.every(({ health }) => health === "elsewhere")).toBe(true);
      after = page.next;
    } while (after !== undefined);
    // The last page is full, so one more is asked for, which is empty.
    expect([rows, asked.length, opened.length]).toEqual([ACCOUNTS, 21, 0]);
    asked.length = 0;
    const names = Array.from({ length: 1_000 }, (_, index) => `bot-${String(index).padStart(5, "0")}`);
    for (const name of names) watch.touch(name);
    expect(await source.rows([...names, "absent"])).toHaveLength(1_000);
    expect(asked).toHaveLength(2);
  });

  test("follows an account that is open here, and one of a client elsewhere", async () => {
    const { accounts, host, open, registry, source, watch } = await world();
    await registry.addAccount("here:");
    await registry.addAccount("here");
    const [at] = await findAccounts(driver, ["here"]);
    const handle = accounts.account("here", at?.createdAtMs ?? 0);
    await handle.commandDevice([{ kind: "setPushName", pushName: "Ada" }]);
    const detail = await source.account("here");
    expect(detail).toMatchObject({
      ...{ health: "ok", owner: { epoch: 1, place: "here" }, open: { commits: 1 } },
      device: { linked: false, identityFingerprint: expect.stringMatching(/^[0-9a-f]{8}$/) },
      flushes: [{ items: 1, rows: 1 }],
      timeline: [{ kind: "opened" }],
    });
    // The tasks of an account whose name begins like this one are not its own.
    expect(detail.alarms.map(({ name }) => name)).toContain("housekeeping.baseKey");
    expect((await source.account("here:")).alarms).toEqual([]);
    expect(source.changedByTime()).toEqual(["here"]);
    expect(source.changedByTime()).toEqual([]);
    const other = await openAccount({
      backend: watch.followBackend("here", await open("here")),
      host,
      taskLabel: "other",
    });
    other.device.processCommand({ kind: "setPushName", pushName: "Eve" });
    await other.flush();
    await handle.commandDevice([{ kind: "setPushName", pushName: "Bob" }]).catch(() => {});
    const { timeline } = await source.account("here");
    expect(timeline.map(({ kind }) => kind)).toEqual(["opened", "opened", "fenced", "closed", "opened"]);
    await other.close().catch(() => {});
    await accounts.close();
    expect((await source.account("here")).open).toBeUndefined();
  });
});

describe("ServiceSource of accounts with limits", () => {
  const session = (id: number) =>
    ({ kind: "session.put", address: `${id}@c.us.0`, record: new Uint8Array(100).fill(1) }) as const;

  test("shows what is used of them, and that commits are refused", async () => {
    const { accounts, actions, asked, host, registry, source, watch } = await world();
    await registry.addAccount("a");
    const [at] = await findAccounts(driver, ["a"]);
    const registeredAtMs = at?.createdAtMs ?? 0;
    const row = async () => (await source.rows(["a"]))[0];
    // Those of the service, which were not looked at yet.
    expect(await row()).toMatchObject({ health: "unused", limits: { maxRows: 50 } });
    const said = await actions.act({
      ...{ account: "a", action: "limit", confirm: "a", by: "root" },
      limits: { maxRows: 2, requestsPerMinute: 60 },
    });
    expect(said).toBe("Set the account's own limits: maxRows is 2, requestsPerMinute is 60.");
    const limits = { maxRows: 2, requestsPerMinute: 60 };
    expect((await row())?.limits).toEqual(limits);
    const { limits: own } = await registry.admit(undefined, "a");
    const commit = async (id: number): Promise<unknown> => {
      const body = CALLER_WIRE.encodeCommit([session(id)], undefined);
      return await accounts.account("a", registeredAtMs, own).call(body, { account: "a" });
    };
    await commit(0);
    expect(await row()).toMatchObject({ health: "unused", limits: { ...limits, rows: 1 } });
    await commit(1);
    expect(await row()).toMatchObject({
      health: "limited",
      reason: "It is at its limit of 2 rows: commits that store more are refused.",
      limits: { ...limits, rows: 2, bytes: expect.any(Number) },
    });
    // What the page of the account shows is read, and not summed up.
    await driver.batch([{ sql: "DELETE FROM session", params: [] }]);
    expect(await source.account("a")).toMatchObject({ health: "unused", limits: { ...limits, rows: 0 } });
    asked.length = 0;
    await row();
    expect(asked).toHaveLength(2);
    // A refusal is one also where rows are few, and is no longer one when the limit was changed.
    host.clock.advance(1_000);
    await commit(0);
    await commit(1);
    host.clock.advance(1_000);
    await expect(commit(2)).rejects.toThrow("maxRows is 2");
    await driver.batch([{ sql: "DELETE FROM session", params: [] }]);
    expect((await source.account("a")).health).toBe("limited");
    await registry.limitAccount("a", registeredAtMs, { maxRows: 3 });
    expect((await source.account("a")).health).toBe("unused");
    watch.refused("a", "maxRows");
    watch.refused("a", "maxRows");
    expect((await source.account("a")).timeline.map(({ text }) => text)).toEqual([
      said,
      "A commit was refused: the account is at its limit (maxRows).",
    ]);
    const listed = await registry.listActions({ after: undefined, limit: 1 });
    expect(listed).toMatchObject([{ action: "account.limits", subject: JSON.stringify(limits) }]);
    await accounts.close();
  });

  test("counts requests that were refused, where they are limited", async () => {
    const { host, registry, source, watch } = await world();
    await registry.addAccount("a");
    const [at] = await findAccounts(driver, ["a"]);
    watch.refused("a", "requestsPerMinute");
    host.clock.advance(5_000);
    watch.refused("a", "requestsPerMinute");
    expect((await source.rows(["a"]))[0]?.limits).toEqual({ maxRows: 50 });
    await registry.limitAccount("a", at?.createdAtMs ?? 0, { requestsPerMinute: 1 });
    expect((await source.rows(["a"]))[0]?.limits).toEqual({
      ...{ maxRows: 50, requestsPerMinute: 1, refusedRequests: 2 },
      lastRefusedAtMs: host.clock.nowMs(),
    });
    expect((await source.account("a")).timeline).toEqual([]);
  });
});

describe("AccountActions", () => {
  const by = "root";

  test("carry out one action of an account at a time, and refuse by a rule", async () => {
    const { accounts, actions, host, open, registry, source } = await world();
    await registry.addAccount("a");
    const ask = (action: Parameters<AccountActions["act"]>[0]["action"], id?: string) =>
      actions.act({ account: "a", action, confirm: "a", id, by });
    await expect(ask("takeOver")).rejects.toThrow("no device yet");
    await expect(ask("flush")).rejects.toThrow(RefusedError);
    await expect(ask("retire")).rejects.toThrow("nothing to set aside");
    await expect(ask("undo")).rejects.toMatchObject({ code: "not-found" });
    await expect(ask("backup")).rejects.toThrow("--backups");
    await expect(actions.act({ account: "b", action: "flush", confirm: "b", by })).rejects.toMatchObject({
      code: "not-found",
    });
    const [at] = await findAccounts(driver, ["a"]);
    const handle = accounts.account("a", at?.createdAtMs ?? 0);
    await handle.commandDevice([{ kind: "setPushName", pushName: "Ada" }]);
    await expect(ask("takeOver")).rejects.toThrow("open here already");
    const { registrationId } = (await source.account("a")).device ?? {};
    const [first, second] = await Promise.allSettled([ask("retire"), ask("flush")]);
    expect(first).toMatchObject({ value: expect.stringContaining("without skipped message keys") });
    expect((second as PromiseRejectedResult).reason).toBeInstanceOf(BusyError);
    const retired = await source.account("a");
    expect(retired).toMatchObject({ health: "unused", retired: [{ id: expect.any(String) }] });
    expect(retired.open).toBeUndefined();
    expect(retired.timeline.map(({ kind }) => kind)).toEqual(["opened", "closed", "retired"]);
    await ask("undo", retired.retired[0]?.id);
    expect((await source.account("a")).device?.registrationId).toBe(registrationId);
    await expect(ask("undo")).rejects.toThrow("retire it first");
    await ask("takeOver");
    // What is refused closes nothing.
    await expect(ask("undo", retired.retired[0]?.id)).rejects.toThrow("retire it first");
    expect((await source.account("a")).owner?.place).toBe("here");
    // An account that another service has retired is still open here.
    await retireAccount(await open("a"), { host });
    await ask("undo");
    await ask("erase");
    await expect(source.account("a")).rejects.toMatchObject({ code: "not-found" });
    await expect(handle.device()).rejects.toThrow("deleted");
    const lines = host.logger.messages("warn").filter((line) => line.startsWith("console:"));
    expect(lines.length).toBeGreaterThan(8);
    await accounts.close();
  });

  test("erase what was retired too, and say what a retirement keeps", async () => {
    const { accounts, actions, open, registry, source } = await world();
    await registry.addAccount("a");
    const ask = (action: "retire" | "undo" | "erase") =>
      actions.act({ account: "a", action, confirm: "a", by });
    const [at] = await findAccounts(driver, ["a"]);
    const link = () =>
      accounts.account("a", at?.createdAtMs ?? 0).commandDevice([{ kind: "setPushName", pushName: "Ada" }]);
    await link();
    expect(await ask("retire")).toContain("sessions, without skipped message keys");
    await link();
    await driver.batch([
      {
        sql: `INSERT INTO device_list (device_id, user, timestamp, devices)
          SELECT device_id, '1000@lid', 1, X'FF' FROM account WHERE name = 'a'`,
        params: [],
      },
    ]);
    expect(await ask("retire")).toContain("its identity alone");
    await expect(ask("undo")).rejects.toThrow("choose one by its id");
    await link();
    // Another name keeps what is its own.
    await (await open("b")).create();
    await (await open("b")).commit([
      { kind: "account.setAside", id: "b".repeat(32), until: 9e9, keeps: "state" },
    ]);
    expect((await source.account("a")).retired).toHaveLength(2);
    await ask("erase");
    expect((await (await open("a")).listSetAside()).map(({ account }) => account)).toEqual(["b"]);
    await accounts.close();
  });

  test("are audited, an erasure under the name of the deletion that HTTP offers", async () => {
    const { accounts, actions, registry } = await world();
    await registry.addAccount("a");
    const ask = (action: "flush" | "erase") => actions.act({ account: "a", action, confirm: "a", by });
    await expect(ask("flush")).rejects.toBeInstanceOf(RefusedError);
    // What is no error of the store or of the service.
    const { admit } = registry;
    let looks = 0;
    registry.admit = (...args) => {
      looks += 1;
      return looks === 2 ? Promise.reject(new TypeError("no")) : admit.apply(registry, args);
    };
    await expect(ask("erase")).rejects.toThrow("no");
    registry.admit = admit;
    await ask("erase");
    const listed = await registry.listActions({ after: undefined, limit: 10 });
    expect(listed.map(({ id: _, atMs: __, ...action }) => action)).toEqual([
      { by, action: "account.delete", account: "a", outcome: "done" },
      { by, action: "account.delete", account: "a", outcome: "failed" },
      { by, action: "account.flush", account: "a", outcome: "refused" },
    ]);
    await accounts.close();
  });

  test("refuse requests of the account meanwhile, and those that were admitted before", async () => {
    const { accounts, actions, registry } = await world();
    await registry.addAccount("a");
    const [at] = await findAccounts(driver, ["a"]);
    const handle = accounts.account("a", at?.createdAtMs ?? 0);
    await handle.commandDevice([{ kind: "setPushName", pushName: "Ada" }]);
    const retiring = actions.act({ account: "a", action: "retire", confirm: "a", by });
    const devices = Promise.allSettled(Array.from({ length: 20 }, () => handle.device()));
    await retiring;
    for (const outcome of await devices)
      if (outcome.status === "fulfilled") expect(outcome.value).toBeDefined();
      else expect(outcome.reason).toBeInstanceOf(BusyError);
    await expect(handle.device()).rejects.toBeInstanceOf(BusyError);
    expect(await accounts.account("a", at?.createdAtMs ?? 0).device()).toBeUndefined();
    await accounts.close();
  });
});
