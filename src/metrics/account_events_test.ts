import { describe, expect, test } from "vitest";
import { type Account, openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import { BackendError, LimitError } from "../errors/mod.ts";
import { signalCache } from "../signal/mod.ts";
import { type FakeHost, FaultPlan, fakeHost, faultyCommitter } from "../testing/mod.ts";
import { type AccountEvent, accountEvents, onAccountEvent } from "./account_events.ts";
import { memoryReport } from "./memory_report.ts";

interface Opened {
  readonly account: Account;
  readonly database: MemoryDatabase;
  readonly host: FakeHost;
  readonly plan: FaultPlan;
}

async function open(database = new MemoryDatabase()): Promise<Opened> {
  const host = fakeHost();
  const plan = new FaultPlan();
  const backend = faultyCommitter(memoryBackend({ database, clock: host.clock }), plan);
  const account = await openAccount({ backend, host, saverIntervalMs: "manual", housekeeping: false });
  return { account, database, host, plan };
}

function rename(account: Account, pushName: string): void {
  account.device.processCommand({ kind: "setPushName", pushName });
}

describe("accountEvents", () => {
  test("tell of saves, failures, halts and takeovers, and end with the account", async () => {
    const { account, database, plan } = await open();
    const events = accountEvents(account);
    rename(account, "Ada");
    await account.flush();
    for (let n = 0; n < 10; n += 1) plan.next(new BackendError("no room"));
    rename(account, "Eve");
    for (let n = 0; n < 10; n += 1) await expect(account.flush()).rejects.toThrow();
    await account.flush();
    const other = await open(database);
    rename(account, "Bob");
    await account.flush().catch(() => {});
    await account.close().catch(() => {});
    await other.account.close();
    const seen: AccountEvent[] = [];
    for await (const event of events) seen.push(event);
    expect(seen.map(({ kind }) => kind)).toEqual([
      ...[
        "flush",
        ...Array.from({ length: 10 }, () => "retry"),
        "saverHalted",
        "saverResumed",
        "flush",
        "fenced",
      ],
    ]);
    expect(seen[0]).toMatchObject({ committed: 1, isolated: 0, rows: 1 });
    expect(seen[10]).toMatchObject({ consecutiveFailures: 10, error: { code: "failed" } });
  });

  test("tell of invalid records without their address, also of a cache that is opened later", async () => {
    const { account } = await open();
    const seen: AccountEvent[] = [];
    const remove = onAccountEvent(account, (event) => seen.push(event));
    for (const address of ["1000@lid.0", "1001@lid.0"])
      await account.store.putSession(address, new Uint8Array(9).fill(255));
    await signalCache(account).sessions.load("1000@lid.0");
    expect(seen).toEqual([{ kind: "quarantined", store: "session", reason: expect.any(String) }]);
    expect(JSON.stringify(seen)).not.toContain("1000");
    remove();
    await signalCache(account).sessions.load("1001@lid.0");
    expect(seen).toHaveLength(1);
    expect(account.stats().signal?.quarantined).toBe(2);
    await account.close();
  });

  test("tell a reader who comes late that the database was restored", async () => {
    const { account, database } = await open();
    await account.close();
    const host = fakeHost();
    const device = await memoryBackend({ database }).load();
    const extra = new Map(device?.extra).set(
      "holdfast.restore-epoch",
      new TextEncoder().encode("0 1 1 copy new"),
    );
    if (device !== undefined) await memoryBackend({ database }).save({ ...device, extra });
    await using again = await openAccount({ backend: memoryBackend({ database }), host });
    const events = accountEvents(again);
    expect(await events.next()).toEqual({ done: false, value: { kind: "restored", restoreEpoch: 1 } });
    await events.return?.();
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  test("fail when the reader is too slow, and end when it leaves", async () => {
    const { account } = await open();
    const events = accountEvents(account, { limit: 2 });
    for (const name of ["a", "b", "c"]) {
      rename(account, name);
      await account.flush();
    }
    expect((await events.next()).value).toMatchObject({ kind: "flush" });
    expect((await events.next()).value).toMatchObject({ kind: "flush" });
    await expect(events.next()).rejects.toBeInstanceOf(LimitError);
    expect((await events.next()).done).toBe(true);
    const waiting = accountEvents(account);
    const next = waiting.next();
    await waiting.return?.();
    expect((await next).done).toBe(true);
    expect(() => accountEvents(account, { limit: 0 })).toThrow(RangeError);
    await account.close();
  });
});

describe("Account.stats", () => {
  test("tells what is dirty, what was committed, and what the caches hold", async () => {
    const { account, host } = await open();
    expect(account.stats()).toMatchObject({
      ...{ ownerEpoch: 1, restoreEpoch: 0, state: "idle", fences: 0, consecutiveFailures: 0 },
      ...{ dirty: { must: 0, may: 0, bytes: 0 }, signal: undefined, isolated: 0 },
    });
    rename(account, "Ada");
    await host.scheduler.advance(1_500);
    expect(account.stats().dirty).toMatchObject({ must: 1, may: 0 });
    expect(account.stats().oldestDirtyAgeMs).toBe(1_500);
    await account.flush();
    expect(account.stats()).toMatchObject({ dirty: { must: 0 }, oldestDirtyAgeMs: undefined });
    expect(account.stats().commits).toBeGreaterThan(0);
    await account.lid.getLid("5511999990000");
    await signalCache(account).sessions.load("1000@lid.0");
    const { caches, signal } = account.stats();
    expect(caches.lidByPn).toEqual({ entries: 1, bytes: expect.any(Number) });
    expect(caches.lidByPn?.bytes).toBeGreaterThan(13);
    expect(signal).toMatchObject({ misses: 1, gated: 0, leased: 0, caches: { sessions: { entries: 1 } } });
    const report = memoryReport([account]);
    expect(report).toMatchObject({ accounts: 1, dirty: { entries: 0, bytes: 0 }, caches });
    expect(report.total.entries).toBe(2);
    await account.close();
    expect(memoryReport([account]).accounts).toBe(0);
    expect(account.stats().state).toBe("closed");
  });
});
