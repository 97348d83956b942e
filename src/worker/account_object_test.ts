/** The account of an object under fake time: its alarms, and its deletion at any moment. */
import { describe, expect, test } from "vitest";
import { advance, freshRecord } from "../../bench/support/sample_records.ts";
import { dose } from "../../test/support/dose.ts";
import { FakeObjectStorage } from "../../test/worker/fake_object_storage.ts";
import { drained } from "../../test/worker/restarting_object.ts";
import { openAccount } from "../account/mod.ts";
import { durableObjectBackend } from "../adapters/durable_object/mod.ts";
import type { Capabilities, Sealing, Write } from "../backend/mod.ts";
import { isSealed } from "../bytes/mod.ts";
import type { DeviceCommand } from "../device/mod.ts";
import { ClosedError, FencedError, RefusedError } from "../errors/mod.ts";
import { CALLER_WIRE } from "../protocol/mod.ts";
import type { SessionRecord } from "../ratchet/mod.ts";
import { sealing } from "../sealing/mod.ts";
import type { AccountHandle } from "../service/mod.ts";
import { signalCache } from "../signal/mod.ts";
import { FakeClock, ManualScheduler, RecordingLogger, SeededRandom } from "../testing/mod.ts";
import { AccountObject } from "./account_object.ts";
import { HostedObject } from "./hosted_object.ts";
import { objectAccounts } from "./object_accounts.ts";
import type { ObjectStubLike } from "./object_types.ts";

const HOUR_MS = 3_600_000;

const INCREMENT: readonly DeviceCommand[] = [{ kind: "incrementLoginCounter" }];

const PEER = "5511999990000@c.us.0";

/** One object over its incarnations. */
class World {
  /** Whether timers run that are due later than now. */
  waits = true;
  readonly clock: FakeClock = new FakeClock();
  readonly storage: FakeObjectStorage = new FakeObjectStorage();
  readonly logger: RecordingLogger = new RecordingLogger();
  timers: ManualScheduler = new ManualScheduler(this.clock);
  readonly #random: SeededRandom;
  readonly #sealing: Sealing | undefined;
  object: AccountObject;

  constructor(seed = 1, sealing?: Sealing) {
    this.#random = new SeededRandom(seed);
    this.#sealing = sealing;
    this.object = this.#begin();
  }

  /** Starts a new incarnation without the memory of the previous one. */
  async restart(): Promise<void> {
    this.timers = new ManualScheduler(this.clock);
    this.object = this.#begin();
    await drained();
  }

  /** Lets time pass and runs timers and the alarm when they are due. @returns Number of alarms. */
  async pass(ms: number): Promise<number> {
    const endMs = this.clock.nowMs() + ms;
    for (let rings = 0; ; ) {
      // What is due now ends before the clock moves.
      do await drained();
      while ((await this.timers.runDue()) > 0);
      const { alarmAtMs } = this.storage;
      if (alarmAtMs !== null && alarmAtMs <= this.clock.nowMs()) {
        rings += 1;
        this.storage.alarmAtMs = null;
        await this.object.alarm();
        continue;
      }
      if (this.clock.nowMs() === endMs) return rings;
      const dueMs = this.timers.scheduled.map((name) => this.timers.dueAtMs(name) ?? endMs);
      this.clock.set(Math.min(endMs, alarmAtMs ?? endMs, ...dueMs));
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
    const host = { clock, logger, random: this.#random };
    const { waits } = this;
    const { schedule } = timers;
    timers.schedule = (name, dueAtMs) => {
      if (waits || dueAtMs <= clock.nowMs()) schedule.call(timers, name, dueAtMs);
    };
    return new AccountObject(ctx, { host, timers, sealing: this.#sealing });
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

  test("sets one alarm and writes one row per hour while rows can expire", async () => {
    const world = new World();
    const { store } = await world.object.account();
    const nowS = world.clock.nowMs() / 1_000;
    await store.putTcToken("1@lid", { token: Uint8Array.of(1), tokenTimestamp: nowS, senderTimestamp: nowS });
    await store.storeSentMessage("chat", "1", new Uint8Array(40));
    await world.pass(HOUR_MS);
    world.storage.takeCalls();
    expect(await world.pass(24 * HOUR_MS)).toBe(24);
    expect(world.storage.takeCalls()).toEqual(Array<string[]>(24).fill(["save", "setAlarm"]).flat());
    await store.deleteTcToken("1@lid");
    expect(await world.pass(24 * HOUR_MS)).toBe(1);
    expect([world.storage.alarmAtMs, world.storage.stored]).toEqual([null, {}]);
  });

  test("is set by no account without a row that can expire", async () => {
    const world = new World(1, sealing({ keys: { one: new Uint8Array(32).fill(1) } }));
    const { store } = await world.object.account();
    await store.putSession("1@lid.0", Uint8Array.of(1));
    await store.putGroupMetadata("g@g.us", Uint8Array.of(1));
    const secret = { chat: "chat", sender: "1@lid", id: "1", secret: new Uint8Array(32) };
    await store.putMsgSecrets([{ ...secret, messageTs: 0, expiresAt: 0 }]);
    // Planned with the secret, whatever its time is.
    expect(await world.pass(2 * HOUR_MS)).toBe(1);
    expect(await world.pass(48 * HOUR_MS)).toBe(0);
    await world.restart();
    await world.object.account();
    expect(await world.pass(48 * HOUR_MS)).toBe(0);
    expect(world.storage.alarmAtMs).toBeNull();
  });

  test("is set for rows of every kind that can expire, from every writer", async () => {
    const nowS = Math.floor(new World().clock.nowMs() / 1_000);
    const bytes = Uint8Array.of(1);
    const message = { chat: "chat", sender: "1@lid", id: "1" };
    const state = { version: 1n, hash: new Uint8Array(128), macMismatchFatal: false };
    const segment = { log: "message", seq: 1, expiresAt: nowS, head: bytes, payload: bytes };
    const patch = { generation: 1, values: new Map(), removed: [], state };
    const writes: Readonly<Record<string, Write>> = {
      sentMessage: { kind: "sentMessage.put", chat: "chat", id: "1", payload: bytes, createdAt: nowS },
      baseKey: { kind: "baseKey.put", address: "1@lid.0", messageId: "1", key: bytes, createdAt: nowS },
      pendingInbound: {
        kind: "pendingInbound.put",
        rows: [{ ...message, payload: bytes, receivedAt: nowS }],
      },
      tcToken: { kind: "tcToken.receive", jid: "1@lid", token: bytes, tokenTimestamp: nowS },
      syncVersion: { kind: "syncVersion.patch", name: "regular", patch },
      messageSegment: { kind: "messageSegment.put", segments: [segment] },
      msgSecret: {
        kind: "msgSecret.put",
        entries: [{ ...message, secret: new Uint8Array(32), messageTs: 0, expiresAt: nowS + 1 }],
      },
    };
    const setAside: Write = {
      kind: "account.setAside",
      id: "0".repeat(32),
      until: nowS + 1,
      keeps: "identity",
    };
    const cases = [...Object.entries(writes), ["messageSegment", setAside] as const];
    for (const [kind, write] of cases) {
      const world = new World();
      const call = CALLER_WIRE.encodeCommit([write], undefined);
      await world.service(1).call(call, { account: "alice", mayErase: true });
      await drained();
      const dueAtMs = world.clock.nowMs() + HOUR_MS;
      expect(world.storage.stored, kind).toEqual({ [`housekeeping.${kind}`]: dueAtMs });
      expect(world.storage.alarmAtMs).toBe(dueAtMs);
    }
  });

  test("is set again when due times are damaged", async () => {
    const world = new World();
    const { store } = await world.object.account();
    await store.storeSentMessage("chat", "1", new Uint8Array(40));
    await drained();
    world.storage.overwrite("{");
    await world.restart();
    await world.pass(4 * HOUR_MS);
    expect([world.storage.alarmAtMs, world.storage.stored]).toEqual([null, {}]);
    const backend = await durableObjectBackend(world.storage, { account: "alice", clock: world.clock });
    expect(await backend.getSentMessage("chat", "1")).toBeUndefined();
  });
});

describe("AccountObject.account between turns", () => {
  const SLOW_MS = 3_000;

  /** A world with a session that has sent, and how it sends again. */
  async function sending(world: World): Promise<() => Promise<boolean>> {
    const cache = signalCache(await world.object.account());
    await cache.sessions.put(PEER, freshRecord());
    await cache.publishable();
    await world.pass(60_000);
    return async () => {
      const record = (await cache.sessions.load(PEER)) as SessionRecord;
      advance(record);
      const { gated } = await cache.sessions.put(PEER, record);
      await cache.publishable([PEER]);
      return gated;
    };
  }

  test("writes one row in a slow turn, and leaves neither a timer nor an alarm", async () => {
    const world = new World();
    const send = await sending(world);
    for (let turn = 0; turn < 10; turn += 1) {
      const before = world.storage.rowsWritten;
      expect(await send()).toBe(true);
      await world.pass(0);
      expect(world.storage.rowsWritten).toBe(before + 1);
      expect([world.timers.scheduled, world.storage.alarmAtMs]).toEqual([[], null]);
      await world.pass(SLOW_MS);
    }
  });

  test("sets one alarm in a minute of fast turns, and no timer beyond a pause", async () => {
    const world = new World();
    const send = await sending(world);
    world.storage.takeCalls();
    for (let second = 0; second < 300; second += 1) {
      await send();
      await world.pass(0);
      for (const name of world.timers.scheduled)
        expect((world.timers.dueAtMs(name) ?? 0) - world.clock.nowMs()).toBeLessThanOrEqual(8_000);
      await world.pass(1_000);
    }
    expect(world.storage.takeCalls()).toEqual(Array(5).fill("setAlarm"));
    await world.pass(70_000);
    expect([world.timers.scheduled, world.storage.alarmAtMs]).toEqual([[], null]);
  });

  test("flushes by the alarm alone while no timer runs", async () => {
    const world = new World();
    world.waits = false;
    await world.restart();
    const send = await sending(world);
    const account = await world.object.account();
    for (let round = 0; round < 3; round += 1) {
      for (let second = 0; second < 5 + round; second += 1) {
        await send();
        await world.pass(1_000);
      }
      expect(account.health().pending).not.toMatchObject({ must: 0, may: 0 });
      expect(await world.pass(60_000)).toBe(1);
      expect(account.health().pending).toMatchObject({ must: 0, may: 0 });
      // Two changes of a minute cost no further alarm.
      expect(world.storage.alarmAtMs).toBeNull();
    }
    const { next } = (await signalCache(account).sessions.load(PEER))?.sendingChain ?? {};
    await world.restart();
    const again = signalCache(await world.object.account());
    expect((await again.sessions.load(PEER))?.sendingChain?.next).toBe(next);
  });

  test("does not run into the past with what an evicted memory planned", async () => {
    const world = new World();
    const send = await sending(world);
    for (let turn = 0; turn < 5; turn += 1) {
      await send();
      await world.pass(1_000);
    }
    const { alarmAtMs } = world.storage;
    expect(alarmAtMs).not.toBeNull();
    await world.restart();
    expect(await world.pass(120_000)).toBe(1);
    expect([world.timers.scheduled, world.storage.alarmAtMs]).toEqual([[], null]);
  });
});

describe("AccountObject.account", () => {
  test("seals what the object stores, over evictions", async () => {
    const world = new World(1, sealing({ keys: { one: new Uint8Array(32).fill(1) } }));
    const first = await world.object.account();
    await first.store.putGroupMetadata("g@g.us", Uint8Array.of(1));
    const { registrationId } = first.device.getDeviceSnapshot();
    await world.restart();
    const again = await world.object.account();
    expect(again.device.getDeviceSnapshot().registrationId).toBe(registrationId);
    await again.store.putGroupMetadata("h@g.us", Uint8Array.of(2));
    expect(await again.store.getGroupMetadata("g@g.us")).toEqual(Uint8Array.of(1));
    const bare = await durableObjectBackend(world.storage, { account: "alice", clock: world.clock });
    for (const group of ["g@g.us", "h@g.us"])
      expect(isSealed((await bare.getGroupMetadata(group)) ?? new Uint8Array(0))).toBe(true);
    expect((await bare.readOwner())?.sealed).toBe(true);
  });

  test("has statistics, LIDs and pre-keys for a client in the object, and none for one elsewhere", async () => {
    const account = await new World().object.account();
    account.device.processCommand({ kind: "incrementLoginCounter" });
    await account.lid.getLid("5511999990000");
    expect(account.stats()).toMatchObject({
      ownerEpoch: 1,
      dirty: { must: 1 },
      caches: { lidByPn: { entries: 1 } },
    });
    expect(await account.device.generatePreKeys(2)).toHaveLength(2);
    const clock = new FakeClock();
    const storage = new FakeObjectStorage();
    const ctx = {
      id: { name: "bob" },
      storage,
      blockConcurrencyWhile: <T>(work: () => Promise<T>) => work(),
    };
    const host = { clock, logger: new RecordingLogger(), random: new SeededRandom(3) };
    const options = { host, timers: new ManualScheduler(clock) };
    const remote = await new HostedObject(ctx, options).account();
    expect(() => remote.stats()).toThrow(TypeError);
    expect(() => remote.lid).toThrow("hosted without");
    await expect(remote.device.generatePreKeys(2)).rejects.toThrow("hosted without");
    await expect(remote.device.markPreKeysUploaded([1])).rejects.toThrow(TypeError);
    expect(remote.commitStats.commits).toBeGreaterThanOrEqual(0);
  });

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
          const { store } = await object.account();
          await store.storeSentMessage("chat", "1", new Uint8Array(40));
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
        await account.store.storeSentMessage("chat", "1", new Uint8Array(40));
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
    const wire = CALLER_WIRE;
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

  test("writes the registration and the owner token once, and reads them once per incarnation", async () => {
    const world = new World();
    await world.service(1).commandDevice(INCREMENT);
    const writes = world.storage.statements.filter((sql) => sql.includes("object_value"));
    expect(writes.filter((sql) => sql.startsWith("INSERT"))).toHaveLength(2);
    world.storage.statements.length = 0;
    await world.restart();
    for (let round = 0; round < 3; round += 1) await world.service(1).commandDevice(INCREMENT);
    const reads = world.storage.statements.filter((sql) => sql.includes("object_value"));
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
