import { describe, expect, test } from "vitest";
import { type Account, openAccount } from "../../account/mod.ts";
import { MemoryDatabase, MemoryFaults, memoryBackend } from "../../adapters/memory/mod.ts";
import { directory } from "../../directory/mod.ts";
import { BackendError } from "../../errors/mod.ts";
import { type FakeHost, fakeHost } from "../../testing/mod.ts";
import { baileysAuthState } from "../auth_state.ts";
import { type CachedDevice, type UserDevicesCache, userDevices } from "./user_devices.ts";

const PN = "5511999990000";
const LID = "100000000000001";

const ofPn = (user: string, ...devices: number[]): CachedDevice[] =>
  devices.map((device) => ({ user, device, domainType: 0, server: "s.whatsapp.net" }));
const ofLid = (user: string, ...devices: number[]): CachedDevice[] =>
  devices.map((device) => ({ user, device, domainType: 1, server: "lid" }));

interface World {
  readonly account: Account;
  readonly host: FakeHost;
  readonly faults: MemoryFaults;
  readonly cache: UserDevicesCache;
}

async function open(database = new MemoryDatabase()): Promise<World> {
  const host = fakeHost();
  const faults = new MemoryFaults();
  const account = await openAccount({ backend: memoryBackend({ database, faults }), host });
  await baileysAuthState(account);
  const cache = userDevices(account).options?.userDevicesCache;
  if (cache === undefined) throw new Error("not a hook");
  return { account, host, faults, cache };
}

const learn = ({ account }: World): Promise<unknown> =>
  directory(account).learn([{ lid: LID, phoneNumber: PN }], { source: "usync" });

describe("userDevicesCache", () => {
  test("is known under both names of a user, after a restart too", async () => {
    const database = new MemoryDatabase();
    const first = await open(database);
    await learn(first);
    await first.cache.mset([{ key: PN, value: ofPn(PN, 0, 3) }]);
    for (const { cache } of [first, await open(database)]) {
      expect(await cache.mget([PN, LID, "7"])).toEqual({ [PN]: ofPn(PN, 0, 3), [LID]: ofLid(LID, 0, 3) });
      expect(await cache.get(LID)).toEqual(ofLid(LID, 0, 3));
    }
  });

  test("is one commit for many users", async () => {
    const { account, cache } = await open();
    const before = account.stats().commits;
    const users = Array.from({ length: 200 }, (_, index) => String(1_000 + index));
    await cache.mset(users.map((key) => ({ key, value: ofPn(key, 0, 1) })));
    expect(account.stats().commits).toBe(before + 1);
    expect(Object.keys(await cache.mget(users))).toEqual(users);
  });

  test.each(["pn", "lid"] as const)(
    "tells the kind of a user without mapping by its sessions, %s",
    async (kind) => {
      const database = new MemoryDatabase();
      const first = await open(database);
      const devices = kind === "pn" ? ofPn(PN, 0) : ofLid(PN, 0);
      await first.cache.mset([{ key: PN, value: devices }]);
      expect(await first.cache.get(PN)).toEqual(devices);
      const second = await open(database);
      expect(await second.cache.get(PN)).toBeUndefined();
      const address = kind === "pn" ? `${PN}@c.us.0` : `${PN}@lid.0`;
      await second.account.store.putSession(address, new Uint8Array([1]));
      expect(await second.cache.get(PN)).toEqual(devices);
      expect(await second.cache.get(PN)).toEqual(devices);
      const third = await open(database);
      await third.account.store.putSession(
        kind === "pn" ? `${PN}@lid.0` : `${PN}@c.us.0`,
        new Uint8Array([1]),
      );
      expect(await third.cache.get(PN)).toBeUndefined();
    },
  );

  test("is unknown for a key that names two users", async () => {
    const world = await open();
    await learn(world);
    await directory(world.account).learn([{ lid: PN, phoneNumber: "5" }], { source: "usync" });
    await world.cache.mset([{ key: PN, value: ofPn(PN, 0) }]);
    expect(await world.cache.get(PN)).toBeUndefined();
    expect(await world.cache.get(LID)).toEqual(ofLid(LID, 0));
  });

  test("keeps hosted devices", async () => {
    const world = await open();
    await learn(world);
    const hosted = { user: PN, device: 99, domainType: 128, server: "hosted" };
    await world.cache.set(PN, [...ofPn(PN, 0), hosted]);
    expect(await world.cache.get(PN)).toEqual([...ofPn(PN, 0), hosted]);
    expect(await world.cache.get(LID)).toEqual([
      ...ofLid(LID, 0),
      { user: LID, device: 99, domainType: 129, server: "hosted.lid" },
    ]);
  });

  test("leaves this device out of our own, and keeps it in the registry", async () => {
    const world = await open();
    world.account.device.modifyDevice((draft) => Object.assign(draft, { pn: `${PN}:4@s.whatsapp.net` }));
    const { devices } = directory(world.account);
    const user = { user: PN, server: "s.whatsapp.net", device: 0, agent: 0 } as const;
    await devices.update([{ user, devices: [{ deviceId: 0 }, { deviceId: 4 }], timestamp: 1 }]);
    await world.cache.set(PN, ofPn(PN, 0, 2));
    expect(await world.cache.get(PN)).toEqual(ofPn(PN, 0, 2));
    const [listed] = await devices.getDevicesFor([user]);
    expect(listed?.map(({ device }) => device)).toEqual([0, 2, 4]);
  });

  test("deletes the sessions of a device that is gone, in the same commit", async () => {
    const { account, cache } = await open();
    await cache.set(PN, ofPn(PN, 0, 3));
    await account.store.putSession(`${PN}:3@c.us.0`, new Uint8Array([1]));
    const before = account.stats().commits;
    await cache.set(PN, ofPn(PN, 0));
    expect(account.stats().commits).toBe(before + 1);
    expect(await account.store.hasSession(`${PN}:3@c.us.0`)).toBe(false);
  });

  test("forgets a user, and needs no commit for an unknown one", async () => {
    const world = await open();
    await learn(world);
    await world.cache.set(PN, ofPn(PN, 0));
    await world.cache.del(LID);
    expect(await world.cache.mget([PN, LID])).toEqual({});
    const before = world.account.stats().commits;
    await world.cache.del(PN);
    await world.cache.del("7");
    expect(world.account.stats().commits).toBe(before);
  });

  test("queries a list again after a day", async () => {
    const { host, cache } = await open();
    await cache.set(PN, ofPn(PN, 0));
    await host.scheduler.advance(24 * 3_600_000 - 2_000);
    expect(await cache.get(PN)).toBeDefined();
    await host.scheduler.advance(3_000);
    expect(await cache.get(PN)).toBeUndefined();
    await cache.set(PN, ofPn(PN, 0));
    expect(await cache.get(PN)).toBeDefined();
  });

  test("knows nothing after flushAll but what comes later", async () => {
    const { cache } = await open();
    await cache.set(PN, ofPn(PN, 0));
    cache.flushAll();
    expect(await cache.get(PN)).toBeUndefined();
    await cache.set(PN, ofPn(PN, 0));
    expect(await cache.get(PN)).toEqual(ofPn(PN, 0));
  });

  test("is unknown after a change that failed", async () => {
    const { faults, cache } = await open();
    await cache.set(PN, ofPn(PN, 0, 3));
    faults.failCommitAt(0);
    await expect(cache.set(PN, ofPn(PN, 0))).rejects.toThrow(BackendError);
    expect(await cache.get(PN)).toBeUndefined();
    await cache.set(PN, ofPn(PN, 0));
    expect(await cache.get(PN)).toEqual(ofPn(PN, 0));
  });

  test("rejects when the store cannot be read", async () => {
    const database = new MemoryDatabase();
    await (await open(database)).cache.set(PN, ofPn(PN, 0));
    const { faults, cache } = await open(database);
    faults.failReads(new BackendError("no"));
    await expect(cache.mget([PN])).rejects.toThrow("no");
  });

  test.each<[string, unknown]>([
    ["no list", 7],
    ["no device", [null]],
    ["another user", ofPn("8", 0)],
    ["no devices", []],
    ["no server", [{ user: PN, device: 0 }]],
    ["two kinds", [...ofPn(PN, 0), ...ofLid(PN, 1)]],
    ["a device that is no number", [{ user: PN, device: "x", server: "lid" }]],
  ])("refuses a malformed value: %s", async (_, value) => {
    const { account, cache } = await open();
    const before = account.stats().commits;
    await expect(cache.set(PN, value)).rejects.toThrow(TypeError);
    expect(account.stats().commits).toBe(before);
  });
});

describe("Baileys' device-list", () => {
  test("of the same devices is no write", async () => {
    const { account, cache } = await open();
    const { keys } = (await baileysAuthState(account)).state;
    await cache.set(PN, ofPn(PN, 0, 3));
    const before = account.stats().commits;
    await keys.set({ "device-list": { [PN]: ["3", "0"] } });
    expect(account.stats().commits).toBe(before);
    await keys.set({ "device-list": { [PN]: ["0"] } });
    expect(await cache.get(PN)).toEqual(ofPn(PN, 0));
  });
});
