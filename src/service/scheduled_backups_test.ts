/** Backups by a fake clock, into a store in memory. */
import { describe, expect, test } from "vitest";
import { openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import { BackendError } from "../errors/mod.ts";
import { type FakeHost, fakeHost } from "../testing/mod.ts";
import { importAccount } from "../transfer/mod.ts";
import type { BackupPolicy } from "./backup_policy.ts";
import type { BackupKey, BackupStore, WriteBytes } from "./backup_store.ts";
import { LocalAccounts } from "./local_accounts.ts";
import type { RegisteredAccount, Registry } from "./registry.ts";
import { ScheduledBackups } from "./scheduled_backups.ts";

const HOUR_MS = 3_600_000;

const INCREMENT = [{ kind: "incrementLoginCounter" }] as const;

class MemoryStore implements BackupStore {
  readonly backups = new Map<string, Map<number, Uint8Array[]>>();
  /** Called before each write of bytes. */
  onWrite: (key: BackupKey) => Promise<void> = async () => {};
  /** Backups that are being written, and the most of them at once. */
  writing = 0;
  most = 0;

  async list(account: string): Promise<readonly number[]> {
    return [...(this.backups.get(account)?.keys() ?? [])].sort((a, b) => a - b);
  }

  async write(key: BackupKey, fill: (write: WriteBytes) => Promise<void>): Promise<void> {
    const pieces: Uint8Array[] = [];
    this.writing += 1;
    this.most = Math.max(this.most, this.writing);
    try {
      await fill(async (bytes) => {
        await this.onWrite(key);
        pieces.push(bytes);
      });
    } finally {
      this.writing -= 1;
    }
    const made = this.backups.get(key.account) ?? new Map<number, Uint8Array[]>();
    this.backups.set(key.account, made.set(key.madeAtMs, pieces));
  }

  async delete({ account, madeAtMs }: BackupKey): Promise<void> {
    this.backups.get(account)?.delete(madeAtMs);
  }
}

/** A service over a database in memory, with backups. */
class World {
  readonly host: FakeHost = fakeHost();
  readonly store: MemoryStore;
  readonly registered: RegisteredAccount[] = [];
  readonly accounts: LocalAccounts;
  readonly backups: ScheduledBackups;
  readonly database: MemoryDatabase;
  /** Reads that were opened of accounts at rest. */
  atRest = 0;

  constructor(
    policy: Partial<BackupPolicy> = {},
    { store, database }: { store?: MemoryStore; database?: MemoryDatabase } = {},
  ) {
    const { host } = this;
    this.store = store ?? new MemoryStore();
    this.database = database ?? new MemoryDatabase();
    const registry = {
      admit: async (_token: undefined, account: string) => ({
        account: "present",
        registeredAtMs: this.registered.find(({ name }) => name === account)?.createdAtMs,
      }),
      listAccounts: async ({ after }: { after: string | undefined }) =>
        after === undefined ? this.registered : [],
    } as unknown as Registry;
    const openBackend = async (account: string) =>
      memoryBackend({ account, database: this.database, clock: host.clock });
    this.accounts = new LocalAccounts({
      registry,
      clock: host.clock,
      scheduler: host.scheduler,
      openBackend,
      openAccount: (account, backend) =>
        openAccount({ taskLabel: account, backend, host, housekeeping: false }),
      backupStats: (account) => this.backups.stats(account),
    });
    this.backups = new ScheduledBackups({
      accounts: this.accounts,
      store: this.store,
      host,
      everyMs: 6 * HOUR_MS,
      ...policy,
      openReads: async (account) => {
        this.atRest += 1;
        const backend = await openBackend(account);
        return Object.assign(backend, { [Symbol.asyncDispose]: () => backend.close() });
      },
    });
  }

  /** Registers accounts, and gives each of them a device. */
  async add(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      this.registered.push({ name, createdAtMs: 1 });
      const backend = memoryBackend({ account: name, database: this.database, clock: this.host.clock });
      await (await openAccount({ backend, host: this.host, housekeeping: false })).close();
    }
  }

  counts(): Record<string, number> {
    return Object.fromEntries([...this.store.backups].map(([name, made]) => [name, made.size]));
  }
}

async function* of(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

describe("ScheduledBackups", () => {
  test("backs up accounts at rest and open ones, one at a time, once in the interval", async () => {
    const world = new World();
    await world.add("ann", "bob", "eve");
    await world.accounts.account("bob", 1).commandDevice(INCREMENT);
    await world.host.scheduler.advance(60_000);
    expect(world.counts()).toEqual({ ann: 1, bob: 1, eve: 1 });
    expect(world.atRest).toBe(2);
    await world.host.scheduler.advance(24 * HOUR_MS);
    expect(world.counts()).toEqual({ ann: 5, bob: 5, eve: 5 });
    expect(world.store.most).toBe(1);
    // Each has a place of its own in the interval.
    const places = [...world.store.backups.values()].map(
      (made) => ([...made.keys()][2] ?? 0) % (6 * HOUR_MS),
    );
    expect(new Set(places).size).toBe(3);
    expect(await world.accounts.account("bob", 1).stats()).toMatchObject({
      open: true,
      backups: { failures: 0, lastSuccessAtMs: [...(world.store.backups.get("bob")?.keys() ?? [])].at(-1) },
    });
    await world.backups.stop();
    await world.accounts.close();
  });

  test("makes copies of the open account, whose first opening gives up its chains", async () => {
    const world = new World();
    await world.add("ann");
    const handle = world.accounts.account("ann", 1);
    await handle.commandDevice(INCREMENT);
    await world.host.scheduler.advance(1_000);
    const [pieces = []] = world.store.backups.get("ann")?.values() ?? [];
    const target = memoryBackend({ clock: world.host.clock });
    await importAccount(target, of(pieces), { mode: "new" });
    expect(await target.load()).toMatchObject({ loginCounter: 1 });
    expect([...((await target.load())?.extra.keys() ?? [])]).toContain("holdfast.restore-epoch");
    // The account was not fenced.
    await handle.commandDevice(INCREMENT);
    expect(await handle.device()).toMatchObject({ loginCounter: 2 });
    await world.backups.stop();
    await world.accounts.close();
  });

  test("keeps so many, and after a restart goes on with the plan", async () => {
    const before = new World({ keep: 3 });
    await before.add("ann");
    await before.host.scheduler.advance(48 * HOUR_MS);
    expect(before.counts()).toEqual({ ann: 3 });
    await before.backups.stop();
    const newest = (await before.store.list("ann")).at(-1) ?? 0;
    const after = new World({ keep: 3 }, before);
    after.host.clock.set(before.host.clock.nowMs());
    after.registered.push(...before.registered);
    await after.host.scheduler.advance(60_000);
    expect((await after.store.list("ann")).at(-1)).toBe(newest);
    expect(after.backups.stats("ann")).toEqual({ failures: 0, lastSuccessAtMs: newest });
    // The service is down for a day: the account is due at once.
    await after.backups.stop();
    const late = new World({ keep: 3 }, before);
    late.host.clock.set(before.host.clock.nowMs() + 24 * HOUR_MS);
    late.registered.push(...before.registered);
    await late.host.scheduler.advance(1_000);
    expect((await late.store.list("ann")).at(-1)).toBeGreaterThan(newest + 12 * HOUR_MS);
    await late.backups.stop();
  });

  test("keeps the backups of other intervals however often one is made by hand, and those of a former account", async () => {
    const world = new World({ keep: 3 });
    await world.add("ann");
    await world.host.scheduler.advance(48 * HOUR_MS);
    const daily = await world.store.list("ann");
    for (let n = 0; n < 7; n += 1) await world.backups.backUpNow("ann");
    const kept = await world.store.list("ann");
    expect(kept).toHaveLength(3);
    expect(daily).toEqual(expect.arrayContaining(kept.slice(0, 2)));
    // The name is registered anew.
    world.registered.length = 0;
    world.registered.push({ name: "ann", createdAtMs: world.host.clock.nowMs() + 1_000 });
    await world.host.scheduler.advance(48 * HOUR_MS);
    const all = await world.store.list("ann");
    expect(all.slice(0, 3)).toEqual(kept);
    expect(await world.backups.list("ann")).toEqual(all.slice(3));
    expect(all).toHaveLength(6);
    await world.backups.stop();
    await world.accounts.close();
  });

  test("never removes the last good backup, however old it is", async () => {
    const world = new World({ keepForMs: HOUR_MS });
    await world.add("ann");
    await world.host.scheduler.advance(1_000);
    const [first] = await world.store.list("ann");
    world.store.onWrite = async () => {
      throw new BackendError("keep backup: ENOSPC");
    };
    await world.host.scheduler.advance(72 * HOUR_MS);
    expect(await world.store.list("ann")).toEqual([first]);
    const stats = world.backups.stats("ann");
    expect(stats).toMatchObject({
      lastSuccessAtMs: first,
      lastError: { code: "failed", message: "keep backup: ENOSPC" },
    });
    expect(stats?.failures).toBeGreaterThan(10);
    expect(world.host.logger.messages("error")[0]).toBe("backups: an account was not backed up");
    world.store.onWrite = async () => {};
    await world.host.scheduler.advance(6 * HOUR_MS);
    const kept = await world.store.list("ann");
    expect(kept).toHaveLength(1);
    expect(kept[0]).toBeGreaterThan(first ?? 0);
    expect(world.backups.stats("ann")?.failures).toBe(0);
    await world.backups.stop();
  });

  test("notices registered and deleted accounts, and waits for a device", async () => {
    const world = new World();
    world.registered.push({ name: "empty", createdAtMs: 1 });
    await world.host.scheduler.advance(HOUR_MS);
    expect(world.counts()).toEqual({});
    expect(world.backups.stats("empty")).toEqual({ failures: 0 });
    await world.add("ann");
    await world.host.scheduler.advance(300_000);
    expect(world.counts()).toEqual({ ann: 1 });
    world.registered.length = 0;
    await world.host.scheduler.advance(24 * HOUR_MS);
    expect(world.counts()).toEqual({ ann: 1 });
    expect(world.backups.stats("ann")).toBeUndefined();
    expect(world.host.logger.messages("error")).toEqual([]);
    await world.backups.stop();
  });

  test("gives a running backup up when it is stopped, or the account is closed", async () => {
    for (const end of ["stop", "close"] as const) {
      const world = new World();
      await world.add("ann");
      const handle = world.accounts.account("ann", 1);
      await handle.commandDevice(INCREMENT);
      let [writes, reach, release] = [0, () => {}, () => {}];
      const reached = new Promise<void>((resolve) => {
        reach = resolve;
      });
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      world.store.onWrite = async () => {
        writes += 1;
        reach();
        await released;
      };
      const passing = world.host.scheduler.advance(1_000);
      await reached;
      const ended = end === "stop" ? world.backups.stop() : world.accounts.close();
      release();
      await Promise.all([passing, ended]);
      expect(writes).toBe(1);
      expect(world.counts()).toEqual({});
      await world.backups.stop();
    }
  });

  test("refuses a policy that makes no sense, and a short passphrase", () => {
    expect(() => new World({ everyMs: 1_000 })).toThrow(RangeError);
    expect(() => new World({ keep: 0 })).toThrow(RangeError);
    expect(() => new World({ passphrase: "short" } as object)).toThrow(TypeError);
  });
});
