/** The account of an object under fake time: its alarms, and its deletion at any moment. */
import { describe, expect, test } from "vitest";
import { dose } from "../../test/support/dose.ts";
import { FakeObjectStorage } from "../../test/worker/fake_object_storage.ts";
import { drained } from "../../test/worker/restarting_object.ts";
import { openAccount } from "../account/mod.ts";
import { durableObjectBackend } from "../adapters/durable_object/mod.ts";
import type { Capabilities } from "../backend/mod.ts";
import type { DeviceCommand } from "../device/mod.ts";
import { ClosedError, FencedError, RefusedError } from "../errors/mod.ts";
import { PROTOCOL } from "../protocol/mod.ts";
import type { AccountHandle } from "../service/mod.ts";
import { FakeClock, ManualScheduler, RecordingLogger, SeededRandom } from "../testing/mod.ts";
import { AccountObject } from "./account_object.ts";
import { objectAccounts } from "./object_accounts.ts";
import type { ObjectStubLike } from "./object_types.ts";

const HOUR_MS = 3_600_000;

const INCREMENT: readonly DeviceCommand[] = [{ kind: "incrementLoginCounter" }];

/** One object over its incarnations. */
class World {
  readonly clock: FakeClock = new FakeClock();
  readonly storage: FakeObjectStorage = new FakeObjectStorage();
  readonly logger: RecordingLogger = new RecordingLogger();
  timers: ManualScheduler = new ManualScheduler(this.clock);
  readonly #random: SeededRandom;
  object: AccountObject;

  constructor(seed = 1) {
    this.#random = new SeededRandom(seed);
    this.object = this.#begin();
  }

  /** Starts a new incarnation without the memory of the previous one. */
  async restart(): Promise<void> {
    this.timers = new ManualScheduler(this.clock);
    this.object = this.#begin();
    await drained();
  }

  /** Lets time pass and runs the alarm when it is due. @returns Number of alarms. */
  async pass(ms: number): Promise<number> {
    const endMs = this.clock.nowMs() + ms;
    let rings = 0;
    for (;;) {
      const { alarmAtMs } = this.storage;
      const nextMs = Math.min(alarmAtMs ?? endMs, endMs);
      await this.timers.advance(Math.max(0, nextMs - this.clock.nowMs()));
      await drained();
      if (alarmAtMs === null || alarmAtMs > this.clock.nowMs()) return rings;
      rings += 1;
      this.storage.alarmAtMs = null;
      await this.object.alarm();
      await drained();
    }
  }

  /** The account as the service sees it, with a registration time. */
  service(registeredAtMs: number): AccountHandle {
    const stub: ObjectStubLike = { fetch: (url, init) => this.object.fetch(new Request(url, init)) };
    const namespace = { idFromName: (name: string) => name, get: () => stub };
    return objectAccounts({ ACCOUNTS: namespace, REGISTRY: namespace }).account("alice", registeredAtMs);
  }

  #begin(): AccountObject {
    const { clock, logger, storage, timers } = this;
    const ctx = {
      id: { name: "alice" },
      storage,
      blockConcurrencyWhile: <T>(work: () => Promise<T>) => work(),
    };
    return new AccountObject(ctx, { host: { clock, logger, random: this.#random }, timers });
  }
}

describe("AccountObject.alarm", () => {
  test("leaves an unused object empty", async () => {
    const { object, storage } = new World();
    await drained();
    await object.alarm();
    await drained();
    expect([storage.tables, storage.alarmAtMs]).toEqual([0, null]);
  });

  test("removes expired rows without opening the account", async () => {
    const world = new World();
    const account = await world.object.account();
    await account.store.storeSentMessage("chat", "1", new Uint8Array(40));
    await account.flush();
    await drained();
    await world.restart();
    const backend = await durableObjectBackend(world.storage, { account: "alice", clock: world.clock });
    const owner = await backend.readOwner();
    expect(await world.pass(2 * HOUR_MS - 1)).toBeGreaterThan(0);
    expect(await backend.getSentMessage("chat", "1")).toBeDefined();
    await world.pass(HOUR_MS + 1);
    expect(await backend.getSentMessage("chat", "1")).toBeUndefined();
    expect(await backend.readOwner()).toEqual(owner);
  });

  test("sets one alarm and writes one row per hour", async () => {
    const world = new World();
    await world.object.account();
    await world.pass(HOUR_MS);
    world.storage.takeCalls();
    expect(await world.pass(24 * HOUR_MS)).toBe(24);
    expect(world.storage.takeCalls()).toEqual(Array<string[]>(24).fill(["save", "setAlarm"]).flat());
  });
});

describe("AccountObject.account", () => {
  test("opens the account again after a takeover", async () => {
    const world = new World();
    const first = await world.object.account();
    const backend = durableObjectBackend(world.storage, { account: "alice", clock: world.clock });
    const other = await openAccount({ backend, host: { clock: world.clock }, housekeeping: false });
    first.device.processCommand({ kind: "incrementLoginCounter" });
    await expect(first.flush()).rejects.toBeInstanceOf(FencedError);
    const second = await world.object.account();
    expect(second).not.toBe(first);
    second.device.processCommand({ kind: "incrementLoginCounter" });
    await second.flush();
    await other.close().catch(() => {});
  });
});

describe("AccountObject.account after a restart", () => {
  test("owns the account without writing a row", async () => {
    const world = new World();
    const { ownerEpoch } = await world.object.account();
    await drained();
    await world.restart();
    await drained();
    const before = world.storage.rowsWritten;
    const account = await world.object.account();
    expect(world.storage.rowsWritten).toBe(before);
    expect(account.ownerEpoch).toBe(ownerEpoch);
  });

  test("takes the account back from an owner elsewhere", async () => {
    const world = new World();
    await world.object.account();
    const backend = durableObjectBackend(world.storage, { account: "alice", clock: world.clock });
    const other = await openAccount({ backend, host: { clock: world.clock }, housekeeping: false });
    await world.restart();
    const account = await world.object.account();
    expect(account.ownerEpoch).toBeGreaterThan(other.ownerEpoch);
    other.device.processCommand({ kind: "incrementLoginCounter" });
    await expect(other.flush()).rejects.toBeInstanceOf(FencedError);
  });

  test("draws an owner token once", async () => {
    const tokens: string[] = [];
    for (const seed of [1, 2]) {
      const world = new World(seed);
      for (let incarnation = 0; incarnation < 2; incarnation += 1) {
        await world.object.account();
        const backend = await durableObjectBackend(world.storage, { account: "alice", clock: world.clock });
        tokens.push((await backend.readOwner())?.owner ?? "");
        await world.restart();
      }
    }
    expect(tokens[0]).toMatch(/^[0-9a-f]{32}\+$/);
    expect([tokens[1], tokens[3]]).toEqual([tokens[0], tokens[2]]);
    expect(tokens[2]).not.toBe(tokens[0]);
  });
});

/** Turns of the event loop between two moments at which an account is deleted. */
const TURNS = dose({ short: 13, long: 4 });

describe("AccountObject.destroy", () => {
  // At moments all along. A new account can be opened afterwards.
  test("leaves nothing behind while the account opens or its alarm runs", async () => {
    for (const work of ["account", "alarm"] as const) {
      for (let turns = 0; turns < 200; turns += TURNS) {
        const world = new World();
        const { object, storage, clock } = world;
        if (work === "alarm") {
          await object.account();
          await drained();
          clock.advance(2 * HOUR_MS);
          await world.restart();
        }
        const working = Promise.resolve(work === "alarm" ? world.object.alarm() : world.object.account());
        working.catch(() => {});
        for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
        await Promise.all([world.object.destroy(), world.object.destroy()]);
        await working.catch(() => {});
        await drained();
        const label = `${work}, after ${turns} turns`;
        expect([storage.tables, storage.alarmAtMs], label).toEqual([0, null]);
        expect(await world.pass(3 * HOUR_MS), label).toBe(0);
        expect([storage.tables, storage.alarmAtMs], label).toEqual([0, null]);
        const account = await world.object.account();
        account.device.processCommand({ kind: "incrementLoginCounter" });
        await account.flush();
        await drained();
        expect(storage.alarmAtMs, label).not.toBeNull();
        expect(await world.pass(HOUR_MS), label).toBeGreaterThan(0);
      }
    }
  });

  test("makes a concurrent account() wait for a new account", async () => {
    const world = new World();
    const old = await world.object.account();
    const identity = old.device.getDeviceSnapshot().identityKey.publicKey;
    const deleting = world.object.destroy();
    const asking = world.object.account();
    await deleting;
    const fresh = await asking;
    expect(world.storage.deletions).toBe(1);
    expect(fresh.device.getDeviceSnapshot().identityKey.publicKey).not.toEqual(identity);
    await fresh.flush();
    await expect(old.store.putGroupMetadata("g", new Uint8Array(1))).rejects.toBeInstanceOf(ClosedError);
  });
});

describe("AccountObject.fetch", () => {
  // The next account of the name does not change, in this incarnation of the object and in the next.
  test("refuses operations on a deleted account", async () => {
    const world = new World();
    await world.service(1).commandDevice(INCREMENT);
    await world.service(1).deleteAccount();
    await expect(world.service(1).commandDevice(INCREMENT)).rejects.toBeInstanceOf(ClosedError);
    await drained();
    expect([world.storage.tables, world.storage.alarmAtMs]).toEqual([0, null]);
    await world.service(2).commandDevice(INCREMENT);
    for (const restart of [async () => {}, () => world.restart()]) {
      await restart();
      const { deletions } = world.storage;
      await world.service(1).deleteAccount();
      await expect(world.service(1).commandDevice(INCREMENT)).rejects.toBeInstanceOf(ClosedError);
      expect(world.storage.deletions).toBe(deletions);
      expect(await world.service(2).device()).toMatchObject({ loginCounter: 1 });
    }
    await Promise.all([world.service(2).deleteAccount(), world.service(2).deleteAccount()]);
    await drained();
    expect([world.storage.tables, world.storage.alarmAtMs]).toEqual([0, null]);
  });

  // The earlier one was not deleted completely, or a late request has created it again.
  test("keeps the limits and the permissions of a caller", async () => {
    const world = new World();
    const { wire } = PROTOCOL;
    const scope = { account: "alice", maxBytes: 100_000 };
    const asked = await world.service(1).call(wire.encodeRead("capabilities", []), scope);
    const { maxCommitBytes } = wire.decodeAnswer("capabilities", asked as Uint8Array) as Capabilities;
    expect(maxCommitBytes).toBeLessThanOrEqual(100_000);
    const own = await world.service(1).call(wire.encodeRead("create", []), scope);
    const accountId = wire.decodeAnswer("create", own as Uint8Array) as number;
    const deletion = wire.encodeCommit([{ kind: "account.delete", accountId }], undefined);
    for (const mayErase of [undefined, false]) {
      const refused = world.service(1).call(deletion, { ...scope, mayErase });
      await expect(refused).rejects.toBeInstanceOf(RefusedError);
    }
    expect(await world.service(1).call(deletion, { ...scope, mayErase: true })).toBeInstanceOf(Uint8Array);
  });

  test("empties the object before a later account of the name uses it", async () => {
    const world = new World();
    await world.service(1).commandDevice([{ kind: "setPushName", pushName: "Ann" }]);
    await drained();
    world.storage.failures.deleteAll = 1;
    await expect(world.service(1).deleteAccount()).rejects.toThrow();
    await world.restart();
    const two = Array.from({ length: 3 }, () => world.service(2).commandDevice(INCREMENT));
    await Promise.all(two);
    expect(world.storage.deletions).toBe(1);
    expect(await world.service(2).device()).toMatchObject({ hasPushName: false, loginCounter: 3 });
    // A late request arrives at an object that has lost its memory.
    await world.service(2).deleteAccount();
    await world.restart();
    await world.service(2).commandDevice(INCREMENT);
    await world.service(3).commandDevice(INCREMENT);
    await world.restart();
    expect(await world.service(3).device()).toMatchObject({ hasPushName: false, loginCounter: 1 });
  });

  test("writes the registration once, and reads it once per incarnation", async () => {
    const world = new World();
    await world.service(1).commandDevice(INCREMENT);
    const writes = world.storage.statements.filter((sql) => sql.includes("service_registration"));
    expect(writes.filter((sql) => sql.startsWith("INSERT"))).toHaveLength(1);
    world.storage.statements.length = 0;
    await world.restart();
    for (let round = 0; round < 3; round += 1) await world.service(1).commandDevice(INCREMENT);
    const reads = world.storage.statements.filter((sql) => sql.includes("service_registration"));
    expect(reads.filter((sql) => !sql.startsWith("SELECT"))).toEqual([]);
    expect(reads).toHaveLength(2);
  });
});

describe("AccountObject.destroy", () => {
  test("keeps the account and its alarm when the storage fails", async () => {
    const world = new World();
    const account = await world.object.account();
    await account.store.putGroupMetadata("g", new Uint8Array(1));
    await drained();
    const { alarmAtMs } = world.storage;
    world.storage.failures.deleteAll = 1;
    await expect(world.object.destroy()).rejects.toThrow("deleteAll");
    await drained();
    expect(world.storage.alarmAtMs).toBe(alarmAtMs);
    const again = await world.object.account();
    expect(await again.store.getGroupMetadata("g")).toEqual(new Uint8Array(1));
    await world.object.destroy();
    await drained();
    expect([world.storage.tables, world.storage.alarmAtMs]).toEqual([0, null]);
  });
});
