import { describe, expect, test, vi } from "vitest";
import {
  BEFORE,
  DirectoryWorld,
  fill,
  GROUP,
  give,
  LID,
  LID_USER,
  MAPPING,
  type OpenedDirectory,
  PN,
  putMappings,
  session,
  stored,
  texts,
  USER,
} from "../../../test/support/account/directory_world.ts";
import { memoryBackend } from "../../adapters/memory/mod.ts";
import { formatJid, parseJid } from "../../addresses/mod.ts";
import { BackendError } from "../../errors/mod.ts";
import { encodeAdvKeyIndexList, encodeAdvSignedKeyIndexList } from "../../records/mod.ts";
import { signalCache } from "../../signal/mod.ts";
import type { Directory } from "../mod.ts";

describe("DeviceRegistry patches", () => {
  test("applies all concurrent patches of one user", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    await fill(opened);
    const { devices } = opened.directory;
    await Promise.all([4, 5, 6, 7].map((deviceId) => devices.addDevice(USER, { deviceId, keyIndex: 1 })));
    const [jids] = await devices.getDevicesFor([USER]);
    expect(jids?.map(({ device }) => device)).toEqual([0, 3, 4, 5, 6, 7]);
  });

  test("commits 50 notifications of 50 users, told at once, together", async () => {
    const opened = await new DirectoryWorld().open();
    const { devices } = opened.directory;
    const users = Array.from({ length: 50 }, (_, n) => parseJid(`${5_511_000 + n}@s.whatsapp.net`));
    await devices.update(users.map((user) => ({ user, devices: [{ deviceId: 0 }], timestamp: 1 })));
    const { commits } = opened.account.stats();
    await Promise.all(users.map((user) => devices.addDevice(user, { deviceId: 3, keyIndex: 1 })));
    expect(opened.account.stats().commits - commits).toBeLessThanOrEqual(3);
    expect((await devices.getDevicesFor(users)).map((jids) => jids?.length)).toEqual(users.map(() => 2));
  });

  test("commits 50 notifications of one user, told at once, together", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    await fill(opened);
    const { devices } = opened.directory;
    const { commits } = opened.account.stats();
    const reports = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        n % 2 === 0 ? devices.addDevice(USER, { deviceId: 10 + n }) : devices.removeDevices(USER, [9 + n]),
      ),
    );
    expect(reports.map(({ changed }) => changed)).toEqual(reports.map(() => true));
    expect(reports.map(({ removed }) => removed)).toEqual(
      reports.map((_, n) => (n % 2 === 0 ? [] : [9 + n])),
    );
    expect(opened.account.stats().commits - commits).toBeLessThanOrEqual(2);
    const [jids] = await devices.getDevicesFor([USER]);
    expect(jids?.map(({ device }) => device)).toEqual([0, 3]);
  });

  test("drops the sessions of a device that is removed and added at once", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    await fill(opened);
    const { devices } = opened.directory;
    await Promise.all([devices.removeDevices(USER, [3]), devices.addDevice(USER, { deviceId: 3 })]);
    const [jids] = await devices.getDevicesFor([USER]);
    expect(jids?.map(({ device }) => device)).toEqual([0, 3]);
    expect((await stored(world)).addresses.filter((address) => address.includes(":3@"))).toEqual([
      expect.stringMatching(/^identity /),
    ]);
  });

  test("applies patches and user syncs in the order of their calls", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    await fill(opened);
    const { devices } = opened.directory;
    const timestamp = 2_000_000_000;
    await Promise.all([
      devices.addDevice(USER, { deviceId: 5 }),
      devices.update([{ user: USER, devices: [{ deviceId: 0 }], timestamp }]),
      devices.addDevice(USER, { deviceId: 6 }),
    ]);
    const [jids] = await devices.getDevicesFor([USER]);
    expect(jids?.map(({ device }) => device)).toEqual([0, 6]);
  });

  test("refuses one invalid patch and commits those told with it", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    await fill(opened);
    const { devices } = opened.directory;
    const patches = await Promise.allSettled([
      devices.addDevice(USER, { deviceId: 5 }),
      devices.addDevice(USER, { deviceId: Number.NaN }),
      devices.addDevice(USER, { deviceId: 6 }),
    ]);
    expect(patches.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    const [jids] = await devices.getDevicesFor([USER]);
    expect(jids?.map(({ device }) => device)).toEqual([0, 3, 5, 6]);
  });

  test("keeps a list under the LID from the next change on", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    await fill(opened);
    await putMappings(opened, MAPPING);
    const { devices } = opened.directory;
    expect(texts((await devices.getDevicesFor([LID_USER]))[0])).toEqual([`${LID}@lid`, `${LID}:3@lid`]);
    await devices.addDevice(LID_USER, { deviceId: 9 });
    expect((await stored(world)).lists).toEqual([undefined, LID]);
  });

  test("ignores patches of unknown users and always knows the primary", async () => {
    const { directory: opened } = await new DirectoryWorld().open();
    const { devices } = opened;
    expect(await devices.getDevicesFor([USER, LID_USER])).toEqual([undefined, undefined]);
    expect(await devices.addDevice(USER, { deviceId: 3 })).toEqual({
      changed: false,
      removed: [],
      isIdentityChange: false,
    });
    expect(await devices.hasDevice(USER)).toBe(true);
    expect(await devices.hasDevice({ ...USER, device: 3 })).toBe(false);
  });
});

describe("DeviceRegistry.removeDevices", () => {
  test("removes sessions and marks of a removed device under every name", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    await fill(opened);
    await opened.directory.learn(MAPPING, { source: "usync" });
    const { devices, senderKeyDevices } = opened.directory;
    const gone = [parseJid(`${PN}:3@s.whatsapp.net`), parseJid(`${LID}:3@lid`)];
    const stays = parseJid(`${LID}@lid`);
    await give(opened, [...gone, stays]);
    expect(await senderKeyDevices.withoutKey(GROUP, [...gone, stays])).toEqual([]);
    const { commits } = opened.account.stats();
    const report = await devices.removeDevices(USER, [3]);
    expect(report).toEqual({ changed: true, removed: [3], isIdentityChange: false });
    expect(opened.account.stats().commits - commits).toBe(1);
    expect((await stored(world)).addresses).toEqual([
      `identity ${LID}:3@lid.0`,
      `identity ${LID}@lid.0`,
      `session ${LID}@lid.0`,
    ]);
    expect(await senderKeyDevices.withoutKey(GROUP, [...gone, stays])).toEqual(gone);
    expect(signalCache(opened.account).sessions.peek(`${LID}:3@lid.0`)).toBeUndefined();
  });

  test("keeps everything in memory when the commit of a removal fails", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    await fill(opened);
    await opened.account.flush();
    world.plan.next(new BackendError("commit: disk"));
    await expect(opened.directory.devices.removeDevices(USER, [3])).rejects.toThrow();
    expect(await stored(world)).toEqual(BEFORE);
    expect(await opened.directory.devices.hasDevice({ ...USER, device: 3 })).toBe(true);
    expect(await signalCache(opened.account).sessions.load(`${PN}:3@c.us.0`)).toBeDefined();
  });
});

describe("DeviceRegistry commits", () => {
  test("rereads the lists after an ambiguous commit", async () => {
    const changes: ((devices: Directory["devices"]) => Promise<unknown>)[] = [
      (devices) => devices.removeDevices(USER, [3]),
      (devices) => devices.addDevice(USER, { deviceId: 4, keyIndex: 1 }),
      (devices) => devices.invalidate(USER),
    ];
    for (const change of changes) {
      const world = new DirectoryWorld();
      const opened = await world.open();
      await fill(opened);
      const { devices } = opened.directory;
      await devices.getDevicesFor([USER]);
      world.plan.next("lose-answer", new BackendError("commit: down"));
      await expect(change(devices)).rejects.toMatchObject({ code: "ambiguous" });
      const [list] = await memoryBackend({ database: world.database }).getDevicesFor([PN]);
      const [jids] = await devices.getDevicesFor([USER]);
      expect(jids?.map(({ device }) => device)).toEqual(list?.devices.map(({ deviceId }) => deviceId));
      expect(jids?.map(({ device }) => device)).not.toEqual([0, 3]);
    }
  });

  test("rereads a list that other code stored during a change", async () => {
    const world = new DirectoryWorld();
    const { account, directory: opened } = await world.open();
    const { devices } = opened;
    const { writeBehind } = account;
    const commitWith = writeBehind.commitWith.bind(writeBehind);
    vi.spyOn(writeBehind, "commitWith").mockImplementationOnce(async (writes) => {
      const changed = await commitWith(writes);
      const records = [{ user: PN, devices: [{ deviceId: 7 }], timestamp: 2 }];
      await account.commitWith([{ kind: "deviceList.put", records }]);
      return changed;
    });
    await devices.update([{ user: USER, devices: [{ deviceId: 0 }], timestamp: 1 }]);
    const [jids] = await devices.getDevicesFor([USER]);
    expect(jids?.map(({ device }) => device)).toEqual([7]);
  });
});

describe("DeviceRegistry changes of a user whose mapping is stored during the change", () => {
  /** Stores the mapping of the user at the given call of a read, before the read. */
  function mapAt(opened: OpenedDirectory, read: "getDevicesFor" | "listSignalAddresses", call: number): void {
    const { store } = opened.account;
    const ask = store[read].bind(store) as (users: readonly string[]) => Promise<never>;
    let calls = 0;
    vi.spyOn(store, read).mockImplementation(async (users) => {
      calls += 1;
      const answer = await ask(users);
      if (calls === call) await putMappings(opened, MAPPING);
      return answer;
    });
  }

  test("stores the list under the LID", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    mapAt(opened, "getDevicesFor", 1);
    await opened.directory.devices.update([{ user: USER, devices: [{ deviceId: 0 }], timestamp: 1 }]);
    expect((await stored(world)).lists).toEqual([undefined, LID]);
  });

  // The first call finds marks to remove, the others sessions and identities.
  test.each([1, 2, 3])("removes the companions known by the LID, mapped at read %i", async (call) => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    const { devices, senderKeyDevices } = opened.directory;
    const synced = { user: USER, devices: [{ deviceId: 0 }, { deviceId: 3, keyIndex: 1 }] };
    await devices.update([{ ...synced, timestamp: 1, rawId: 1 }]);
    const cache = signalCache(opened.account);
    for (const address of [`${LID}@lid.0`, `${LID}:3@lid.0`]) {
      await cache.sessions.put(address, session(10));
      await cache.identities.put(address, new Uint8Array(32).fill(7));
    }
    // In the store only, in part: found by the read.
    await opened.account.flush();
    cache.clear();
    const companion = parseJid(`${LID}:3@lid`);
    await give(opened, [companion]);
    mapAt(opened, "listSignalAddresses", call);
    const [report] = await devices.update([{ ...synced, timestamp: 2, rawId: 2 }]);
    expect(report?.isIdentityChange).toBe(true);
    const { addresses, lists } = await stored(world);
    expect(addresses).toEqual([`identity ${LID}@lid.0`, `session ${LID}@lid.0`]);
    expect(lists).toEqual([undefined, LID]);
    expect(await senderKeyDevices.withoutKey(GROUP, [companion])).toEqual([companion]);
  });
});

describe("DeviceRegistry identity changes", () => {
  test("removes the companions' sessions when the identity changes", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    const { devices } = opened.directory;
    await fill(opened, PN, [0, 3, 4]);
    const cache = signalCache(opened.account);
    await cache.sessions.put(`${PN}:99@hosted.0`, session(70));
    // A user whose name has this user's name as a prefix.
    await cache.sessions.put(`${PN}1:3@c.us.0`, session(71));
    const list = (rawId: number): Uint8Array =>
      encodeAdvSignedKeyIndexList({
        details: encodeAdvKeyIndexList({
          rawId,
          timestamp: 1,
          currentIndex: 5,
          validIndexes: [1],
          isHosted: false,
        }),
      });
    await devices.addDevice(USER, { deviceId: 3, keyIndex: 1 }, list(1));
    const report = await devices.addDevice(USER, { deviceId: 5, keyIndex: 6 }, list(2));
    expect(report).toEqual({ changed: true, removed: [3, 4], isIdentityChange: true });
    const backend = memoryBackend({ database: world.database });
    const left = await backend.listSignalAddresses([PN, `${PN}1`]);
    const of = (wanted: string) => left.filter(({ kind }) => kind === wanted).map(({ address }) => address);
    expect(of("session")).toEqual([`${PN}1:3@c.us.0`, `${PN}@c.us.0`]);
    expect(of("identity")).toEqual([`${PN}@c.us.0`]);
    expect(await cache.identities.load(`${PN}:3@c.us.0`)).toBeUndefined();
    expect((await backend.getDevices(PN))?.rawId).toBe(2);
  });

  test("removes the companions' marks when the identity changes", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    const { devices, senderKeyDevices } = opened.directory;
    await fill(opened, PN, [0, 3]);
    await opened.directory.learn(MAPPING, { source: "usync" });
    const cache = signalCache(opened.account);
    // A session left under the phone number, one of a hosted device, and one of a user with this user's name
    // as a prefix.
    const others = [`${PN}:3@c.us.0`, `${LID}:99@hosted.lid.0`, `${LID}1:3@lid.0`];
    for (const [index, address] of others.entries()) await cache.sessions.put(address, session(60 + index));
    // Device 99 is in no list: it is known by its session alone.
    const holders = [parseJid(`${LID}:3@lid`), parseJid(`${LID}@lid`), parseJid(`${LID}:99@hosted.lid`)];
    await give(opened, holders);
    const synced = { user: USER, devices: [{ deviceId: 0 }, { deviceId: 3, keyIndex: 1 }], timestamp: 2 };
    await devices.update([{ ...synced, rawId: 1 }]);
    const { commits } = opened.account.stats();
    const [report] = await devices.update([{ ...synced, rawId: 2 }]);
    expect(report).toEqual({ changed: true, removed: [], isIdentityChange: true });
    expect(opened.account.stats().commits - commits).toBe(1);
    const backend = memoryBackend({ database: world.database });
    const left = await backend.listSignalAddresses([PN, LID, `${LID}1`]);
    const sessions = left.filter(({ kind }) => kind === "session").map(({ address }) => address);
    expect(sessions).toEqual([`${LID}1:3@lid.0`, `${LID}@lid.0`]);
    // Device 3 of the new identity was never given the key, though its number is the same.
    const without = (await senderKeyDevices.withoutKey(GROUP, holders)).map(formatJid);
    expect(without).toEqual([`${LID}:3@lid`, `${LID}:99@hosted.lid`]);
  });
});

describe("DeviceRegistry.update", () => {
  test("applies a user sync in one commit, all or nothing", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    const { devices } = opened.directory;
    const users = ["5501", "5502", "5503"].map((user) => parseJid(`${user}@s.whatsapp.net`));
    const synced = (ids: readonly number[], timestamp: number) =>
      users.map((user) => ({ user, devices: ids.map((deviceId) => ({ deviceId })), timestamp }));
    const { commits } = opened.account.stats();
    await devices.update(synced([0, 1, 2], 1));
    expect(opened.account.stats().commits - commits).toBe(1);
    world.faults.failCommitAt(2);
    await expect(devices.update(synced([0, 2], 2))).rejects.toThrow();
    const idsOf = async () =>
      (await devices.getDevicesFor(users)).map((jids) => jids?.map(({ device }) => device));
    expect(await idsOf()).toEqual([
      [0, 1, 2],
      [0, 1, 2],
      [0, 1, 2],
    ]);
    const reports = await devices.update(synced([0, 2], 2));
    expect(reports.map(({ removed }) => removed)).toEqual([[1], [1], [1]]);
    expect(opened.account.stats().commits - commits).toBe(2);
    expect(await idsOf()).toEqual([
      [0, 2],
      [0, 2],
      [0, 2],
    ]);
  });

  test("treats a list without devices as absent", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    await putMappings(opened, MAPPING);
    await opened.account.store.updateDeviceLists([
      { user: LID, devices: [], timestamp: 2 },
      { user: PN, devices: [{ deviceId: 0 }, { deviceId: 3 }], timestamp: 1 },
      { user: "5500", devices: [], timestamp: 1 },
    ]);
    const { devices } = opened.directory;
    const [known, unknown] = await devices.getDevicesFor([LID_USER, parseJid("5500@s.whatsapp.net")]);
    expect([texts(known), unknown]).toEqual([[`${LID}@lid`, `${LID}:3@lid`], undefined]);
    expect((await devices.addDevice(parseJid("5500@s.whatsapp.net"), { deviceId: 3 })).changed).toBe(false);
  });

  test("forgets the previous list of a phone number that lost its LID", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    await fill(opened);
    const { devices } = opened.directory;
    // The list is in memory under the phone number, and is kept under the LID from a change on.
    await devices.getDevicesFor([USER]);
    await putMappings(opened, MAPPING);
    await devices.addDevice(LID_USER, { deviceId: 9, keyIndex: 1 });
    await putMappings(opened, [{ lid: LID, phoneNumber: "5599" }]);
    expect(await devices.getDevicesFor([USER])).toEqual([undefined]);
    expect((await stored(world)).lists).toEqual([undefined, LID]);
  });
});

describe("DeviceRegistry.invalidate", () => {
  test("deletes the list in memory and in the store", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    await fill(opened);
    await opened.directory.learn(MAPPING, { source: "usync" });
    await opened.directory.devices.invalidate(USER);
    expect(await opened.directory.devices.getDevicesFor([USER, LID_USER])).toEqual([undefined, undefined]);
    expect((await stored(world)).lists).toEqual([undefined, undefined]);
  });
});

describe("DeviceRegistry.getDevicesFor", () => {
  test("reads the lists of many users in one query, once", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    const users = Array.from({ length: 300 }, (_, n) => ({ lid: `10000${n}`, phoneNumber: `5500${n}` }));
    await putMappings(opened, users.slice(0, 200));
    // Under the LID, under the phone number of a LID, and under a phone number without one.
    await opened.account.store.updateDeviceLists(
      users.map(({ lid, phoneNumber }, n) => ({
        ...{ user: n < 100 ? lid : phoneNumber, devices: [{ deviceId: 0 }, { deviceId: 2 }], timestamp: 1 },
      })),
    );
    const next = await world.open();
    const getDevicesFor = vi.spyOn(next.account.store, "getDevicesFor");
    const { devices } = next.directory;
    const asked = users.map(({ lid, phoneNumber }, n) =>
      parseJid(n < 200 && n % 2 === 0 ? `${lid}@lid` : `${phoneNumber}@s.whatsapp.net`),
    );
    const [lists, again] = await Promise.all([devices.getDevicesFor(asked), devices.getDevicesFor(asked)]);
    const expected = asked.map((jid) => [formatJid(jid), formatJid({ ...jid, device: 2 })]);
    expect(lists.map(texts)).toEqual(expected);
    expect(again.map(texts)).toEqual(expected);
    expect((await devices.getDevicesFor(asked)).map(texts)).toEqual(expected);
    expect(getDevicesFor).toHaveBeenCalledTimes(1);
  });

  test("names hosted devices by their server, in the query's namespace", async () => {
    const { directory: opened } = await new DirectoryWorld().open();
    const devices = [{ deviceId: 0 }, { deviceId: 99, isHosted: true }];
    await opened.devices.update([{ user: LID_USER, devices, timestamp: 1 }]);
    await opened.learn(MAPPING, { source: "usync" });
    const [byPn, byLid] = await opened.devices.getDevicesFor([USER, LID_USER]);
    expect(texts(byPn)).toEqual([`${PN}@s.whatsapp.net`, `${PN}:99@hosted`]);
    expect(texts(byLid)).toEqual([`${LID}@lid`, `${LID}:99@hosted.lid`]);
  });
});
