import { describe, expect, test, vi } from "vitest";
import {
  AFTER,
  BEFORE,
  DirectoryWorld,
  fill,
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
} from "../../test/support/account/directory_world.ts";
import { BackendError } from "../errors/mod.ts";
import { signalCache } from "../signal/mod.ts";
import type { LearnReport } from "./lid/mod.ts";

/** Starts a migration and holds its commit. `go` releases the commit. */
async function migrating(
  world: DirectoryWorld,
  opened: OpenedDirectory,
): Promise<{ readonly go: () => Promise<LearnReport> }> {
  world.plan.next("hold");
  const moving = opened.directory.learn(MAPPING, { source: "usync" });
  await vi.waitUntil(() => world.plan.held === 1);
  return {
    go: () => {
      world.plan.release();
      return moving;
    },
  };
}

/** Leaves a durable mapping whose state is stored under the phone number again. */
async function leaveInDoubt(world: DirectoryWorld): Promise<OpenedDirectory> {
  const opened = await world.open();
  await fill(opened);
  await opened.account.flush();
  // The retry fails too, so the outcome stays unknown.
  world.plan.next("lose-answer", new BackendError("commit: down"));
  await expect(opened.directory.learn(MAPPING, { source: "usync" })).rejects.toMatchObject({
    code: "ambiguous",
  });
  await opened.account.flush();
  expect(await stored(world)).toEqual({ ...AFTER, addresses: BEFORE.addresses });
  return opened;
}

/** Migrates while a caller holds the lock of a phone-number address without stored state. */
async function putLate(
  world: DirectoryWorld,
  opened: OpenedDirectory,
  late: () => Promise<void>,
): Promise<{ readonly moving: Promise<LearnReport> }> {
  const cache = signalCache(opened.account);
  let leave: (() => void) | undefined;
  const working = cache.withAddress(`${PN}:5@c.us.0`, async (address) => {
    await new Promise<void>((resolve) => {
      leave = resolve;
    });
    await cache.sessions.put(address, session(50));
    await late();
  });
  await vi.waitUntil(() => leave !== undefined);
  const { go } = await migrating(world, opened);
  const moving = go();
  await vi.waitUntil(async () => (await stored(world)).lid === LID);
  leave?.();
  await working;
  return { moving };
}

describe("Directory.learn", () => {
  test("moves all state of a phone number in one commit", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    await fill(opened);
    const { commits } = opened.account.stats();
    const { resolved } = await opened.directory.learn(MAPPING, { source: "usync" });
    expect(resolved).toEqual([{ phoneNumber: PN, lid: LID, previousLid: undefined }]);
    expect(opened.account.stats().commits - commits).toBe(1);
    expect(await stored(world)).toEqual(AFTER);
    const [byPn, byLid] = await opened.directory.devices.getDevicesFor([USER, LID_USER]);
    expect(texts(byPn)).toEqual([`${PN}@s.whatsapp.net`, `${PN}:3@s.whatsapp.net`]);
    expect(texts(byLid)).toEqual([`${LID}@lid`, `${LID}:3@lid`]);
    expect(signalCache(opened.account).sessions.peek(`${LID}:3@lid.0`)).toBeDefined();
  });

  test("moves nothing when the commit fails, and everything next time", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    await fill(opened);
    await opened.account.flush();
    world.plan.next(new BackendError("commit: disk"));
    await expect(opened.directory.learn(MAPPING, { source: "usync" })).rejects.toThrow();
    expect(await stored(world)).toEqual(BEFORE);
    expect(await opened.account.lid.getLid(PN)).toBeUndefined();
    expect((await opened.directory.learn(MAPPING, { source: "peer_pn_message" })).resolved).toHaveLength(1);
    expect(await stored(world)).toEqual(AFTER);
  });

  test("moves all or nothing when a crash hits any statement", async () => {
    for (let statement = 0; statement < 40; statement += 1) {
      const world = new DirectoryWorld();
      const opened = await world.open();
      await fill(opened);
      await opened.account.flush();
      world.faults.failCommitAt(statement);
      const outcome = await opened.directory.learn(MAPPING, { source: "usync" }).then(
        () => AFTER,
        () => BEFORE,
      );
      expect(await stored(world), `statement ${statement}`).toEqual(outcome);
      if (outcome === AFTER) return;
      // The process dies here. The next one sees the mapping again.
      const next = await world.open();
      await next.directory.learn(MAPPING, { source: "usync" });
      expect(await stored(world)).toEqual(AFTER);
    }
    throw new Error("no statement was the last");
  });

  test("hands the LID's address to callers that wait for a lock", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    await fill(opened);
    const cache = signalCache(opened.account);
    const { go } = await migrating(world, opened);
    const seen: string[] = [];
    const waiting = Array.from({ length: 5 }, () =>
      cache.withAddress(`${PN}:3@c.us.0`, async (address) => {
        seen.push(address);
        const record = (await cache.sessions.load(address)) ?? session(50);
        await cache.sessions.put(address, record);
      }),
    );
    await Promise.all([go(), ...waiting]);
    expect(new Set(seen)).toEqual(new Set([`${LID}:3@lid.0`]));
    await opened.account.flush();
    expect(await stored(world)).toEqual(AFTER);
    expect(cache.sessions.peek(`${LID}:3@lid.0`)?.archivedCount).toBe(0);
  });

  test("applies waiting patches to the list under the LID", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    await fill(opened);
    const { devices } = opened.directory;
    const { go } = await migrating(world, opened);
    const waiting = [4, 5, 6].map((deviceId) => devices.addDevice(USER, { deviceId, keyIndex: 1 }));
    const removing = devices.removeDevices(USER, [3]);
    await Promise.all([go(), ...waiting, removing]);
    const { lists, addresses } = await stored(world);
    expect(lists).toEqual([undefined, LID]);
    expect(addresses.filter((address) => address.startsWith("session"))).toEqual([`session ${LID}@lid.0`]);
    const [jids] = await devices.getDevicesFor([LID_USER]);
    expect(jids?.map(({ device }) => device)).toEqual([0, 4, 5, 6]);
  });

  test("moves a user once when calls are concurrent", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    await fill(opened);
    const { commits } = opened.account.stats();
    const sources = ["usync", "peer_pn_message", "peer_lid_message", "device_notification"] as const;
    const reports = await Promise.all(sources.map((source) => opened.directory.learn(MAPPING, { source })));
    expect(opened.account.stats().commits - commits).toBe(1);
    expect(reports.map(({ resolved }) => resolved.length)).toEqual([1, 0, 0, 0]);
    expect(await stored(world)).toEqual(AFTER);
  });

  test("lets a waiting call migrate after a failed migration", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    await fill(opened);
    await opened.account.flush();
    const { go } = await migrating(world, opened);
    world.faults.failCommitAt(2);
    const waiting = opened.directory.learn(MAPPING, { source: "peer_pn_message" });
    await expect(go()).rejects.toThrow();
    expect((await waiting).resolved).toHaveLength(1);
    expect(await stored(world)).toEqual(AFTER);
  });

  test("moves state that was put back after an ambiguous commit", async () => {
    const world = new DirectoryWorld();
    const opened = await leaveInDoubt(world);
    expect(await opened.directory.lid.getLid(PN)).toBe(LID);
    expect(await opened.directory.learn(MAPPING, { source: "usync" })).toMatchObject({
      written: 0,
      resolved: [],
    });
    expect(await stored(world)).toEqual(AFTER);
    expect(signalCache(opened.account).sessions.peek(`${LID}:3@lid.0`)).toBeDefined();
  });

  test("moves leftover state in the opening after an ambiguous commit", async () => {
    const world = new DirectoryWorld();
    await leaveInDoubt(world);
    // The process dies here. A list is left, too.
    const next = await world.open();
    await next.account.store.updateDeviceList({ user: PN, devices: [{ deviceId: 0 }], timestamp: 1 });
    const replay = { source: "usync", offline: true } as const;
    await next.directory.learn(MAPPING, replay);
    expect((await stored(world)).addresses).toEqual(BEFORE.addresses);
    await next.directory.learn(MAPPING, { source: "usync" });
    expect(await stored(world)).toEqual(AFTER);
  });

  test("checks each known mapping once per opening, in batched queries", async () => {
    const world = new DirectoryWorld();
    const users = Array.from({ length: 300 }, (_, n) => ({ lid: `10000${n}`, phoneNumber: `5500${n}` }));
    await (await world.open()).directory.learn(users, { source: "usync" });
    const { account, directory: opened } = await world.open();
    const { commits } = account.stats();
    const looks = [
      vi.spyOn(account.store, "listSignalAddresses"),
      vi.spyOn(account.store, "getDevicesFor"),
      vi.spyOn(account.store, "getPnMappings"),
    ];
    for (const source of ["usync", "peer_pn_message"] as const) await opened.learn(users, { source });
    // A user that is moved now counts as checked.
    const [moved = { lid: "", phoneNumber: "" }] = users;
    await opened.learn([{ ...moved, lid: "2" }], { source: "usync" });
    for (const look of looks) look.mockClear();
    await opened.learn([...users.slice(1), { ...moved, lid: "2" }, { ...moved, createdAt: 0 }], {
      source: "usync",
    });
    expect(looks.map((look) => look.mock.calls.length)).toEqual([0, 0, 0]);
    expect(account.stats().commits - commits).toBe(1);
  });

  test("moves leftover state after the second commit failed", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    await fill(opened);
    await opened.directory.devices.getDevicesFor([LID_USER]);
    const { moving } = await putLate(world, opened, async () =>
      world.plan.next(new BackendError("commit: disk")),
    );
    await expect(moving).rejects.toThrow("disk");
    expect(await opened.directory.lid.getLid(PN)).toBe(LID);
    // Memory reflects the first commit.
    expect(texts((await opened.directory.devices.getDevicesFor([LID_USER]))[0])).toEqual([
      `${LID}@lid`,
      `${LID}:3@lid`,
    ]);
    await opened.directory.learn(MAPPING, { source: "usync" });
    expect((await stored(world)).addresses).toContain(`session ${LID}:5@lid.0`);
    expect((await stored(world)).addresses).not.toContain(`session ${PN}:5@c.us.0`);
  });

  test("moves state that was flushed late under the phone number", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    await fill(opened);
    const { moving } = await putLate(world, opened, async () => {
      await opened.account.flush();
      world.plan.next("hold");
    });
    await vi.waitUntil(() => world.plan.held === 1);
    moving.catch(() => {});
    // The process dies here.
    expect((await stored(world)).addresses).toContain(`session ${PN}:5@c.us.0`);
    const next = await world.open();
    await next.directory.learn(MAPPING, { source: "usync" });
    const { addresses } = await stored(world);
    expect(addresses).toContain(`session ${LID}:5@lid.0`);
    expect(addresses.filter((address) => address.includes(PN))).toEqual([]);
  });

  test("archives the phone number's session under the LID's own session", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    const cache = signalCache(opened.account);
    await cache.sessions.put(`${LID}@lid.0`, session(90));
    await cache.sessions.put(`${PN}@c.us.0`, session(20));
    await opened.directory.learn(MAPPING, { source: "usync" });
    const record = cache.sessions.peek(`${LID}@lid.0`);
    expect(record?.current?.rootKey?.[0]).toBe(90);
    expect(record?.archived(0).rootKey?.[0]).toBe(20);
  });

  test("moves a thousand users in four commits", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    const users = Array.from({ length: 1_000 }, (_, n) => ({ lid: `10000${n}`, phoneNumber: `5500${n}` }));
    for (const { phoneNumber } of users.slice(0, 20)) await fill(opened, phoneNumber);
    await opened.account.flush();
    const { commits } = opened.account.stats();
    await opened.directory.learn(users, { source: "usync" });
    expect(opened.account.stats().commits - commits).toBe(4);
    const { addresses, lists } = await stored(world, "550019", "1000019");
    expect([addresses.length, lists]).toEqual([4, [undefined, "1000019"]]);
  });

  test("moves no state for a replay until the mapping is seen live", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    await fill(opened);
    await opened.account.flush();
    const cache = signalCache(opened.account);
    const found = (): Promise<string | undefined> =>
      cache.withAddress(`${PN}:3@c.us.0`, async (address) =>
        (await cache.sessions.load(address)) === undefined ? undefined : address,
      );
    await opened.directory.learn(MAPPING, { source: "peer_pn_message", offline: true });
    expect(await opened.directory.lid.getLid(PN)).toBe(LID);
    expect(await found()).toBe(`${PN}:3@c.us.0`);
    expect(await stored(world)).toEqual(BEFORE);
    world.plan.next(new BackendError("commit: disk"));
    await expect(opened.directory.learn(MAPPING, { source: "peer_pn_message" })).rejects.toThrow();
    expect(await found()).toBe(`${PN}:3@c.us.0`);
    await opened.directory.learn(MAPPING, { source: "peer_pn_message" });
    expect(await found()).toBe(`${LID}:3@lid.0`);
    expect(await stored(world)).toEqual(AFTER);
  });

  test("moves state stored while other code had removed the mapping", async () => {
    const world = new DirectoryWorld();
    const opened = await world.open();
    const { account, directory } = opened;
    await directory.learn(MAPPING, { source: "usync" });
    for (const taken of [true, false]) {
      if (taken) await account.commitWith([{ kind: "lidMapping.delete", lids: [LID] }]);
      await fill(opened);
      await account.flush();
      await putMappings(opened, MAPPING);
      expect((await directory.learn(MAPPING, { source: "usync" })).resolved).toEqual([]);
      expect((await stored(world)).addresses).toEqual(AFTER.addresses);
    }
  });
});
