import { expect, expectTypeOf, test, vi } from "vitest";
import { type Account, openAccount } from "../account/mod.ts";
import { MemoryDatabase, MemoryFaults, memoryBackend } from "../adapters/memory/mod.ts";
import { formatJid, type Jid, parseJid } from "../addresses/mod.ts";
import { BackendError } from "../errors/mod.ts";
import {
  SenderKeyRecord,
  SenderKeyState,
  SessionChain,
  SessionRecord,
  SessionState,
} from "../ratchet/mod.ts";
import { encodeAdvKeyIndexList, encodeAdvSignedKeyIndexList } from "../records/mod.ts";
import { type SignalPolicy, signalCache } from "../signal/mod.ts";
import { type FakeHost, FaultPlan, fakeHost, faultyCommitter } from "../testing/mod.ts";
import type { LearnReport, LearntMapping } from "./lid/mod.ts";
import { type Directory, directory } from "./mod.ts";

const PN = "5511999990001";
const LID = "100000000000001";
const GROUP = "120363000000000001@g.us";
const USER = parseJid(`${PN}@s.whatsapp.net`);
const LID_USER = parseJid(`${LID}@lid`);

interface Opened {
  readonly account: Account;
  readonly directory: Directory;
}

/** One database; each opening is a process of its own. */
class World {
  readonly database = new MemoryDatabase();
  readonly faults = new MemoryFaults();
  readonly plan = new FaultPlan();
  #openings = 0;

  async open(signal?: SignalPolicy): Promise<Opened> {
    this.#openings += 1;
    const host: FakeHost = fakeHost({ seed: this.#openings });
    const { database, faults } = this;
    const inner = memoryBackend({ database, faults, clock: host.clock });
    const backend = faultyCommitter(inner, this.plan, { clock: host.clock });
    const account = await openAccount({
      ...{ backend, host, signal, saverIntervalMs: "manual", housekeeping: false },
    });
    return { account, directory: directory(account) };
  }
}

function session(name: number): SessionRecord {
  const key = (start: number): Uint8Array => new Uint8Array(33).fill(start).fill(5, 0, 1);
  const state = new SessionState();
  state.remoteIdentityPublic = key(1);
  state.rootKey = new Uint8Array(32).fill(name);
  state.aliceBaseKey = key(name);
  state.senderChain = SessionChain.create({
    ratchetKey: key(name + 1),
    ratchetKeyPrivate: new Uint8Array(32),
    chainKey: new Uint8Array(32).fill(name),
  });
  const record = new SessionRecord();
  record.startSession(state);
  return record;
}

/** Everything that a user's phone number may have: lists, sessions, an identity, a sender key. */
async function fill({ account, directory: { devices } }: Opened, pn = PN, ids = [0, 3]): Promise<void> {
  const cache = signalCache(account);
  const user = parseJid(`${pn}@s.whatsapp.net`);
  await devices.update([{ user, devices: ids.map((deviceId) => ({ deviceId, keyIndex: 1 })), timestamp: 1 }]);
  for (const id of ids) {
    const address = `${pn}${id === 0 ? "" : `:${id}`}@c.us.0`;
    await cache.sessions.put(address, session(10 + id));
    await cache.identities.put(address, new Uint8Array(32).fill(7));
  }
}

/** Mappings from behind the directory's back, as the Baileys adapter writes them: nothing is moved. */
async function putMappings({ account }: Opened, mappings: readonly LearntMapping[]): Promise<void> {
  const entries = mappings.map((mapping) => ({
    ...{ ...mapping, createdAt: 1, updatedAt: 1, learningSource: "other" as const },
  }));
  await account.commitWith([{ kind: "lidMapping.put", entries }]);
}

/** What the database has of a user, by its names. */
async function stored(world: World, pn = PN, lid = LID) {
  const backend = memoryBackend({ database: world.database });
  const entries = await backend.listSignalAddresses([pn, lid]);
  const [ofPn, ofLid] = await backend.getDevicesFor([pn, lid]);
  return {
    addresses: entries.map(({ kind, address }) => `${kind} ${address}`),
    lists: [ofPn?.user, ofLid?.user],
    lid: (await backend.getPnMapping(pn))?.lid,
  };
}

const BEFORE = {
  addresses: [
    `identity ${PN}:3@c.us.0`,
    `session ${PN}:3@c.us.0`,
    `identity ${PN}@c.us.0`,
    `session ${PN}@c.us.0`,
  ],
  lists: [PN, undefined],
  lid: undefined,
};

const AFTER = {
  addresses: [
    `identity ${LID}:3@lid.0`,
    `session ${LID}:3@lid.0`,
    `identity ${LID}@lid.0`,
    `session ${LID}@lid.0`,
  ],
  lists: [undefined, LID],
  lid: LID,
};

const MAPPING = [{ lid: LID, phoneNumber: PN }];

function texts(jids: readonly Jid[] | undefined): string[] | undefined {
  return jids?.map(formatJid);
}

test("one directory an account", async () => {
  const { account } = await new World().open();
  expect(directory(account)).toBe(directory(account));
  await account.close();
});

test("mappings are learnt where state moves with them, and nowhere else", async () => {
  const { account, directory: opened } = await new World().open();
  expectTypeOf(account.lid).not.toHaveProperty("learn");
  expectTypeOf(opened.lid).not.toHaveProperty("learn");
  expect(opened.lid).toBe(account.lid);
  await account.close();
});

test("a mapping moves everything of its phone number in one commit, what is not durable too", async () => {
  const world = new World();
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

test("a move that cannot be committed moves nothing, and seeing the mapping again moves it", async () => {
  const world = new World();
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

test("a crash at any statement of the move leaves all or nothing", async () => {
  for (let statement = 0; statement < 40; statement += 1) {
    const world = new World();
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

/** Begins a migration and resolves when its commit is under way: `go` lets it be made. */
async function migrating(world: World, opened: Opened): Promise<{ readonly go: () => Promise<LearnReport> }> {
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

test("who waits for the phone number's lock while it moves works at the LID", async () => {
  const world = new World();
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

test("a patch that waits while its user gets a LID patches the list under the LID", async () => {
  const world = new World();
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

test("patches of one user at once are all made", async () => {
  const world = new World();
  const opened = await world.open();
  await fill(opened);
  const { devices } = opened.directory;
  await Promise.all([4, 5, 6, 7].map((deviceId) => devices.addDevice(USER, { deviceId, keyIndex: 1 })));
  const [jids] = await devices.getDevicesFor([USER]);
  expect(jids?.map(({ device }) => device)).toEqual([0, 3, 4, 5, 6, 7]);
});

test("one user is moved once, however many see the mapping at the same time", async () => {
  const world = new World();
  const opened = await world.open();
  await fill(opened);
  const { commits } = opened.account.stats();
  const sources = ["usync", "peer_pn_message", "peer_lid_message", "device_notification"] as const;
  const reports = await Promise.all(sources.map((source) => opened.directory.learn(MAPPING, { source })));
  expect(opened.account.stats().commits - commits).toBe(1);
  expect(reports.map(({ resolved }) => resolved.length)).toEqual([1, 0, 0, 0]);
  expect(await stored(world)).toEqual(AFTER);
});

test("who waits for a migration that fails finds everything as it was, and tries again", async () => {
  const world = new World();
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

/** A mapping that is durable while what it was to move is under the phone number again. */
async function leaveInDoubt(world: World): Promise<Opened> {
  const opened = await world.open();
  await fill(opened);
  await opened.account.flush();
  // Neither is it known by asking again.
  world.plan.next("lose-answer", new BackendError("commit: down"));
  await expect(opened.directory.learn(MAPPING, { source: "usync" })).rejects.toMatchObject({
    code: "ambiguous",
  });
  await opened.account.flush();
  expect(await stored(world)).toEqual({ ...AFTER, addresses: BEFORE.addresses });
  return opened;
}

test("after a move in doubt that was made, seeing the known mapping again moves what was put back", async () => {
  const world = new World();
  const opened = await leaveInDoubt(world);
  expect(await opened.directory.lid.getLid(PN)).toBe(LID);
  expect(await opened.directory.learn(MAPPING, { source: "usync" })).toMatchObject({
    written: 0,
    resolved: [],
  });
  expect(await stored(world)).toEqual(AFTER);
  expect(signalCache(opened.account).sessions.peek(`${LID}:3@lid.0`)).toBeDefined();
});

test("a opened after one that ended in doubt moves what it finds under the phone number of a known mapping", async () => {
  const world = new World();
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

test("a known mapping is looked at once a opened, some hundred in one query, and moves nothing where nothing is", async () => {
  const world = new World();
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
  // Whoever is moved now has been looked at.
  const [moved = { lid: "", phoneNumber: "" }] = users;
  await opened.learn([{ ...moved, lid: "2" }], { source: "usync" });
  for (const look of looks) look.mockClear();
  await opened.learn([...users.slice(1), { ...moved, lid: "2" }, { ...moved, createdAt: 0 }], {
    source: "usync",
  });
  expect(looks.map((look) => look.mock.calls.length)).toEqual([0, 0, 0]);
  expect(account.stats().commits - commits).toBe(1);
});

/** Migrates while somebody is at work under the phone number on a device of which nothing is stored. */
async function putLate(
  world: World,
  opened: Opened,
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

test("a second commit of a migration that fails leaves a known mapping, and what is left moves next time", async () => {
  const world = new World();
  const opened = await world.open();
  await fill(opened);
  await opened.directory.devices.getDevicesFor([LID_USER]);
  const { moving } = await putLate(world, opened, async () =>
    world.plan.next(new BackendError("commit: disk")),
  );
  await expect(moving).rejects.toThrow("disk");
  expect(await opened.directory.lid.getLid(PN)).toBe(LID);
  // Memory has followed the first.
  expect(texts((await opened.directory.devices.getDevicesFor([LID_USER]))[0])).toEqual([
    `${LID}@lid`,
    `${LID}:3@lid`,
  ]);
  await opened.directory.learn(MAPPING, { source: "usync" });
  expect((await stored(world)).addresses).toContain(`session ${LID}:5@lid.0`);
  expect((await stored(world)).addresses).not.toContain(`session ${PN}:5@c.us.0`);
});

test("what was flushed late under the phone number before the process died moves in the next opened", async () => {
  const world = new World();
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

test("a session that the LID has stays, and the phone number's joins its archive", async () => {
  const world = new World();
  const opened = await world.open();
  const cache = signalCache(opened.account);
  await cache.sessions.put(`${LID}@lid.0`, session(90));
  await cache.sessions.put(`${PN}@c.us.0`, session(20));
  await opened.directory.learn(MAPPING, { source: "usync" });
  const record = cache.sessions.peek(`${LID}@lid.0`);
  expect(record?.current?.rootKey?.[0]).toBe(90);
  expect(record?.archived(0).rootKey?.[0]).toBe(20);
});

test("a thousand users move in four commits", async () => {
  const world = new World();
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

test("a replay leaves a session where it is found; seen live, it moves, and a failed commit leaves that to be done", async () => {
  const world = new World();
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

test("a list that is found under the phone number is kept under the LID from the next change on", async () => {
  const world = new World();
  const opened = await world.open();
  await fill(opened);
  await putMappings(opened, MAPPING);
  const { devices } = opened.directory;
  expect(texts((await devices.getDevicesFor([LID_USER]))[0])).toEqual([`${LID}@lid`, `${LID}:3@lid`]);
  await devices.addDevice(LID_USER, { deviceId: 9 });
  expect((await stored(world)).lists).toEqual([undefined, LID]);
});

test("unknown users are unknown, patches do nothing to them, and the primary device is always known", async () => {
  const { directory: opened } = await new World().open();
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

test("a device that is removed takes its sessions and marks with it, under every name", async () => {
  const world = new World();
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

test("a removal that cannot be committed removes nothing, in memory neither", async () => {
  const world = new World();
  const opened = await world.open();
  await fill(opened);
  await opened.account.flush();
  world.plan.next(new BackendError("commit: disk"));
  await expect(opened.directory.devices.removeDevices(USER, [3])).rejects.toThrow();
  expect(await stored(world)).toEqual(BEFORE);
  expect(await opened.directory.devices.hasDevice({ ...USER, device: 3 })).toBe(true);
  expect(await signalCache(opened.account).sessions.load(`${PN}:3@c.us.0`)).toBeDefined();
});

test("after a change in doubt the lists are those of the store", async () => {
  const changes: ((devices: Directory["devices"]) => Promise<unknown>)[] = [
    (devices) => devices.removeDevices(USER, [3]),
    (devices) => devices.addDevice(USER, { deviceId: 4, keyIndex: 1 }),
    (devices) => devices.invalidate(USER),
  ];
  for (const change of changes) {
    const world = new World();
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

test("of a list that others have stored while it was being changed the store says which came last", async () => {
  const world = new World();
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

test("marks that were cleared by others, for one group or for all, are not believed", async () => {
  for (const clear of [
    { kind: "senderKeyDevices.clearAll" },
    { kind: "senderKeyDevices.deleteRows", deviceJids: ["100000000000009@lid"] },
  ] as const) {
    const { account, directory: opened } = await withOwnKey(new World());
    expect(await opened.senderKeyDevices.withoutKey(GROUP, HOLDERS)).toEqual([]);
    await account.commitWith([clear]);
    expect(await opened.senderKeyDevices.withoutKey(GROUP, HOLDERS)).toEqual(HOLDERS);
  }
});

test("what comes under a phone number while others take its LID away moves when the LID is its again", async () => {
  const world = new World();
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

test("another identity clears the sessions of all devices but the primary one, under every name", async () => {
  const world = new World();
  const opened = await world.open();
  const { devices } = opened.directory;
  await fill(opened, PN, [0, 3, 4]);
  const cache = signalCache(opened.account);
  await cache.sessions.put(`${PN}:99@hosted.0`, session(70));
  // A user whose name begins like this one's.
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

test("another identity clears the marks of its companions, under the names of the LID too", async () => {
  const world = new World();
  const opened = await world.open();
  const { devices, senderKeyDevices } = opened.directory;
  await fill(opened, PN, [0, 3]);
  await opened.directory.learn(MAPPING, { source: "usync" });
  const cache = signalCache(opened.account);
  // One that is left under the phone number, one of a hosted device, one of a user whose name begins like
  // this one's.
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

test("a user sync is one commit, and one that fails has changed nobody", async () => {
  const world = new World();
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

test("a list without devices is none: it says nothing, and hides no other", async () => {
  const world = new World();
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

test("a phone number that loses its LID does not find the list it had before", async () => {
  const world = new World();
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

test("a notification with a hash alone forgets the list, in memory and in the store", async () => {
  const world = new World();
  const opened = await world.open();
  await fill(opened);
  await opened.directory.learn(MAPPING, { source: "usync" });
  await opened.directory.devices.invalidate(USER);
  expect(await opened.directory.devices.getDevicesFor([USER, LID_USER])).toEqual([undefined, undefined]);
  expect((await stored(world)).lists).toEqual([undefined, undefined]);
});

test("however many users are asked for, by either name, their devices are one query, and none the second time", async () => {
  const world = new World();
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

test("hosted devices are named by their server, in the asker's namespace", async () => {
  const { directory: opened } = await new World().open();
  const devices = [{ deviceId: 0 }, { deviceId: 99, isHosted: true }];
  await opened.devices.update([{ user: LID_USER, devices, timestamp: 1 }]);
  await opened.learn(MAPPING, { source: "usync" });
  const [byPn, byLid] = await opened.devices.getDevicesFor([USER, LID_USER]);
  expect(texts(byPn)).toEqual([`${PN}@s.whatsapp.net`, `${PN}:99@hosted`]);
  expect(texts(byLid)).toEqual([`${LID}@lid`, `${LID}:99@hosted.lid`]);
});

/** Our key of the group goes to these devices, and the server says that it has the message. */
async function give({ directory: { senderKeyDevices } }: Opened, devices: readonly Jid[]): Promise<void> {
  await (await senderKeyDevices.beginDistribution(GROUP, devices)).acknowledged();
}

const OWN_KEY = `${GROUP}:${LID}:1@lid.0`;
const HOLDERS = [parseJid("100000000000009@lid")];

/** A opened with a sender key of our own that a device holds. */
async function withOwnKey(world: World): Promise<Opened> {
  const opened = await world.open();
  opened.account.device.modifyDevice((draft) => {
    draft.lid = `${LID}:1@lid`;
  });
  const record = new SenderKeyRecord();
  record.putState(
    SenderKeyState.create({
      keyId: 7,
      seed: new Uint8Array(32),
      signingPublic: new Uint8Array(33).fill(5, 0, 1),
      signingPrivate: new Uint8Array(32).fill(1),
    }),
  );
  await signalCache(opened.account).senderKeys.put(OWN_KEY, record);
  await opened.account.flush();
  await give(opened, HOLDERS);
  return opened;
}

test("a rotation is durable when it resolves: no crash brings the old key back", async () => {
  const world = new World();
  const { senderKeyDevices } = (await withOwnKey(world)).directory;
  await senderKeyDevices.rotate(GROUP, OWN_KEY);
  expect(await senderKeyDevices.withoutKey(GROUP, HOLDERS)).toEqual(HOLDERS);
  const next = await world.open();
  expect(await signalCache(next.account).senderKeys.load(OWN_KEY)).toBeUndefined();
  expect(await next.directory.senderKeyDevices.withoutKey(GROUP, HOLDERS)).toEqual(HOLDERS);
});

test("a crash at any statement of a rotation leaves no mark of a key that nobody has", async () => {
  // It has two commits.
  for (const earlier of [0, 1]) {
    let outcome: "done" | "failed" = "failed";
    for (let statement = 0; outcome === "failed"; statement += 1) {
      const world = new World();
      const { senderKeyDevices } = (await withOwnKey(world)).directory;
      world.plan.next(...Array.from({ length: earlier }, () => "pass" as const), "hold");
      const rotating = senderKeyDevices.rotate(GROUP, OWN_KEY).then(
        () => "done" as const,
        () => "failed" as const,
      );
      await vi.waitUntil(() => world.plan.held === 1);
      world.faults.failCommitAt(statement);
      world.plan.release();
      outcome = await rotating;
      if (statement === 0) expect(outcome).toBe("failed");
      // The process dies here.
      const next = await world.open();
      const key = await signalCache(next.account).senderKeys.load(OWN_KEY);
      const without = await next.directory.senderKeyDevices.withoutKey(GROUP, HOLDERS);
      if (key === undefined || earlier === 1) expect(without).toEqual(HOLDERS);
      if (outcome === "done") expect(key).toBeUndefined();
    }
  }
});

test("our sender key that is given up as it is read takes the marks along, in memory and in the store", async () => {
  const world = new World();
  await withOwnKey(world);
  // A restore: whatever was written before it is outdated.
  const next = await world.open({ restoreEpoch: 1 });
  const { senderKeyDevices } = next.directory;
  expect(await senderKeyDevices.withoutKey(GROUP, HOLDERS)).toEqual([]);
  expect(await signalCache(next.account).senderKeys.load(OWN_KEY)).toBeUndefined();
  expect(await senderKeyDevices.withoutKey(GROUP, HOLDERS)).toEqual(HOLDERS);
  expect(await (await world.open()).directory.senderKeyDevices.withoutKey(GROUP, HOLDERS)).toEqual(HOLDERS);
});
