/** The caches of an open account in a store: `openAccount({ cache })`. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type Account, openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { formatJid, parseJid } from "../../src/addresses/mod.ts";
import { accountCaches, CacheEntryConfig, type CacheStore, CacheStores } from "../../src/cache/mod.ts";
import { type Directory, directory } from "../../src/directory/mod.ts";
import { type FakeHost, fakeHost } from "../../src/testing/mod.ts";
import { ScriptedStore } from "../support/cache/cache_store.ts";

const GROUP = "120363000000000001@g.us";
const USER = parseJid("5511999990001@s.whatsapp.net");
const LID_USER = parseJid("100000000000001@lid");
const MAPPING = { lid: LID_USER.user, phoneNumber: USER.user };

class World {
  readonly host: FakeHost;
  readonly database = new MemoryDatabase();

  constructor(seed = 1) {
    this.host = fakeHost({ seed });
  }

  open(stores: CacheStores): Promise<Account> {
    return openAccount({
      ...{ host: this.host, backend: memoryBackend({ database: this.database }) },
      ...{ cache: accountCaches({ stores }), saverIntervalMs: "manual", housekeeping: false },
    });
  }
}

/** Fills every cache. */
async function fill({ learn, devices, groups, senderKeyDevices }: Directory): Promise<void> {
  await devices.update([{ user: USER, devices: [{ deviceId: 0 }, { deviceId: 3 }], timestamp: 1 }]);
  await learn([MAPPING], { source: "usync" });
  await groups.insert(GROUP, { addressing: "lid", participants: [{ user: LID_USER.user }] });
  await groups.added(GROUP, [{ jid: parseJid("100000000000002@lid") }]);
  await (await senderKeyDevices.beginDistribution(GROUP, [LID_USER])).acknowledged();
}

/** Reads every cache by each of its lookups. */
async function known({ lid, devices, groups, senderKeyDevices }: Directory) {
  const lists = await devices.getDevicesFor([USER, LID_USER]);
  const group = await groups.getWith(GROUP, async () => ({ addressing: "lid", participants: [] }));
  return {
    names: [await lid.getLid(USER.user), await lid.getPn(LID_USER.user)],
    devices: lists.map((jids) => jids?.map(formatJid)),
    members: group.participants.map(({ user }) => user),
    withoutKey: (await senderKeyDevices.withoutKey(GROUP, [LID_USER, USER])).map(formatJid),
  };
}

const KNOWN = {
  names: [LID_USER.user, USER.user],
  devices: [
    ["5511999990001@s.whatsapp.net", "5511999990001:3@s.whatsapp.net"],
    ["100000000000001@lid", "100000000000001:3@lid"],
  ],
  members: ["100000000000001", "100000000000002"],
  withoutKey: ["5511999990001@s.whatsapp.net"],
};

function namespaces(store: ScriptedStore): string[] {
  const found = [...store.entries.keys()].map((at) => at.split(":")[0]?.replace(/_[0-9a-f]{16}$/, "") ?? "");
  return [...new Set(found)].filter((namespace) => namespace !== "cache_epoch").sort();
}

/** The time to live of an entry of any account. */
function ttlOf(store: ScriptedStore, namespace: string, key: string): number | undefined {
  const name = [...store.ttls.keys()].find((at) => at.startsWith(`${namespace}_`) && at.endsWith(`:${key}`));
  return name === undefined ? undefined : store.ttls.get(name);
}

/** Stores that fail. */
const useless: Readonly<Record<string, CacheStore>> = {
  throws: {
    get: () => Promise.reject(new Error("down")),
    set: () => {
      throw new Error("down at once");
    },
    delete: () => Promise.reject(new Error("down")),
    clear: () => Promise.reject(new Error("down")),
  },
  hangs: {
    get: () => new Promise(() => {}),
    set: () => new Promise(() => {}),
    delete: () => new Promise(() => {}),
    clear: () => new Promise(() => {}),
  },
  "answers garbage": {
    get: async () => new Uint8Array(100).fill(7),
    set: async () => {},
    delete: async () => {},
    clear: async () => {},
  },
  "answers what is no bytes": {
    get: async () => ({ absent: true }) as never,
    set: async () => {},
    delete: async () => {},
    clear: async () => {},
  },
  "mixes everything up": new (class extends ScriptedStore {
    override async get(): Promise<Uint8Array | undefined> {
      return [...this.entries.values()].at(-1);
    }
  })(),
};

for (const [name, store] of Object.entries(useless)) {
  test(`serves correct values over a store that ${name}`, async () => {
    const world = new World();
    const account = await world.open(CacheStores.all(store));
    let isDone = false;
    const working = (async () => {
      const opened = directory(account);
      await fill(opened);
      const { members, ...rest } = await known(opened);
      const { members: _members, ...expected } = KNOWN;
      expect(rest).toEqual(expected);
      // A missing entry is fetched.
      expect(members).toEqual([]);
      await opened.devices.removeDevices(USER, [3]);
      expect(await opened.devices.hasDevice({ ...LID_USER, device: 3 })).toBe(false);
    })().finally(() => {
      isDone = true;
    });
    while (!isDone) {
      await new Promise((resolve) => setImmediate(resolve));
      await world.host.scheduler.advance(200);
    }
    await working;
    await account.close();
    expect(world.host.logger.messages("warn").length).toBeGreaterThan(0);
  });
}

describe("openAccount({ cache })", () => {
  test("separates accounts of two databases in one store", async () => {
    const store = new ScriptedStore();
    // Both are account `default` with id 1 in their database.
    const first = await new World(1).open(CacheStores.all(store));
    const second = await new World(2).open(CacheStores.all(store));
    await fill(directory(first));
    expect(await directory(second).devices.getDevicesFor([USER])).toEqual([undefined]);
    expect(await directory(second).lid.getLid(USER.user)).toBeUndefined();
    expect(await known(directory(first))).toEqual(KNOWN);
    await first.close();
    await second.close();
  });

  test("keeps every shareable cache in one store across processes", async () => {
    const world = new World();
    const store = new ScriptedStore();
    const first = await world.open(CacheStores.all(store));
    await fill(directory(first));
    expect(await known(directory(first))).toEqual(KNOWN);
    expect(namespaces(store)).toEqual(["device", "group", "lid_pn_by_lid", "lid_pn_by_pn"]);
    expect(ttlOf(store, "group", GROUP)).toBe(3_600_000);
    expect(ttlOf(store, "lid_pn_by_pn", USER.user)).toBe(3_600_000);
    await first.close();
    expect(world.host.scheduler.scheduled).toEqual([]);

    const second = await world.open(CacheStores.all(store));
    expect(await known(directory(second))).toEqual(KNOWN);
    expect(second.lid.stats.queries).toBe(0);
    await second.close();
  });

  test("leaves no outdated entry when the process dies after a commit", async () => {
    const world = new World();
    const store = new ScriptedStore();
    const first = await world.open(CacheStores.all(store));
    const opened = directory(first);
    await opened.devices.update([{ user: USER, devices: [{ deviceId: 0 }, { deviceId: 3 }], timestamp: 1 }]);
    expect(await opened.lid.getLid(USER.user)).toBeUndefined();
    // From here on, writes to the store are lost and removals succeed.
    store.set = async () => {};
    await opened.learn([MAPPING], { source: "usync" });
    await opened.devices.removeDevices(LID_USER, [3]);
    // The process dies here.
    const { entries } = store;
    const next = new ScriptedStore();
    for (const [at, bytes] of entries) next.entries.set(at, bytes);
    const second = await openAccount({
      ...{ host: fakeHost({ seed: 2 }), backend: memoryBackend({ database: world.database }) },
      ...{ cache: accountCaches({ stores: CacheStores.all(next) }), housekeeping: false },
    });
    const { names, devices } = await known(directory(second));
    expect(names).toEqual(KNOWN.names);
    expect(devices).toEqual([["5511999990001@s.whatsapp.net"], ["100000000000001@lid"]]);
    await second.close();
  });

  test("accepts a separate store for each cache, or none", async () => {
    const world = new World();
    const [devices, groups] = [new ScriptedStore(), new ScriptedStore()];
    const account = await world.open({ device: devices, group: groups });
    await fill(directory(account));
    expect(await known(directory(account))).toEqual(KNOWN);
    expect([namespaces(devices), namespaces(groups)]).toEqual([["device"], ["group"]]);
    await account.close();
  });

  test("uses the configured sizes", async () => {
    const host = fakeHost();
    const cache = accountCaches({ group: new CacheEntryConfig({ capacity: 0 }) });
    const account = await openAccount({ backend: memoryBackend(), host, cache, housekeeping: false });
    const { groups } = directory(account);
    await groups.insert(GROUP, { addressing: "lid", participants: [] });
    expect(await groups.get(GROUP)).toBeUndefined();
    await account.close();
  });

  test("releases cache tasks when opening fails", async () => {
    const world = new World();
    const store = new ScriptedStore();
    const before = await world.open(CacheStores.all(store));
    const { publicKey } = before.device.getDeviceSnapshot().identityKey;
    await before.close();
    const owner = createHash("sha256").update(publicKey).digest("hex").slice(0, 16);
    // The task name of its second cache is taken.
    const free = world.host.scheduler.register(`1:cache:lid_pn_by_pn_${owner}`, async () => {});
    await expect(world.open(CacheStores.all(store))).rejects.toThrow("taken");
    free();
    const account = await world.open(CacheStores.all(store));
    await account.close();
  });
});
