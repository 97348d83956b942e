/**
 * A device that was never paired takes another identity: nothing of the former one is left, or comes back.
 */
import { describe, expect, test } from "vitest";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import { parseJid } from "../addresses/mod.ts";
import type { Backend, Device, Write } from "../backend/mod.ts";
import { createDevice } from "../device/mod.ts";
import { directory } from "../directory/mod.ts";
import { BackendError, IdentityConflictError } from "../errors/mod.ts";
import { SessionChain, SessionRecord, SessionState } from "../ratchet/mod.ts";
import { signalCache } from "../signal/mod.ts";
import { fakeHost } from "../testing/mod.ts";
import { type Account, openAccount } from "./mod.ts";

const ALICE = "100000000000001@lid.0";
const BOB = "100000000000002@lid.0";
const GROUP = "120363000000000001@g.us";
const DEVICE = parseJid("100000000000001@lid");

interface World {
  readonly account: Account;
  readonly backend: Backend;
  readonly database: MemoryDatabase;
  /** Every commit that the backend was asked for. */
  readonly commits: (readonly Write[])[];
  /** Called before each of them. */
  beforeCommit: () => Promise<void>;
}

async function world(): Promise<World> {
  const database = new MemoryDatabase();
  const backend = memoryBackend({ database });
  const commits: (readonly Write[])[] = [];
  const commit = backend.commit.bind(backend);
  const host = fakeHost({ seed: 1 });
  const account = await openAccount({ backend, host, saverIntervalMs: "manual", housekeeping: false });
  const here: World = { account, backend, database, commits, beforeCommit: async () => {} };
  backend.commit = async (writes, options) => {
    commits.push(writes);
    await here.beforeCommit();
    return await commit(writes, options);
  };
  return here;
}

/** A device with keys of its own. */
async function another(seed = 9): Promise<Device> {
  return await createDevice(fakeHost({ seed }));
}

function takeIdentity({ account }: World, device: Device): void {
  account.device.modifyDevice((draft) => Object.assign(draft, device));
}

function session(next = 0): SessionRecord {
  const state = new SessionState();
  state.remoteIdentityPublic = new Uint8Array(33).fill(5);
  state.rootKey = new Uint8Array(32).fill(2);
  state.aliceBaseKey = new Uint8Array(33).fill(5);
  state.senderChain = SessionChain.create({
    ratchetKey: new Uint8Array(33).fill(5),
    ratchetKeyPrivate: new Uint8Array(32).fill(4),
    chainKey: new Uint8Array(32).fill(3),
    index: next,
  });
  const record = new SessionRecord();
  record.startSession(state);
  return record;
}

/** One row in each table that a client writes, and something in memory. */
async function fill({ account }: World): Promise<void> {
  const { store, device } = account;
  const bytes = new Uint8Array(32).fill(1);
  await device.generatePreKeys(5);
  await device.markPreKeysUploaded([1, 2, 3]);
  await store.storeSignedPreKey(7, bytes);
  await store.setSyncKey(bytes, { keyData: bytes, fingerprint: bytes, timestamp: 1 });
  await store.setSenderKeyStatus(GROUP, [["100000000000001@lid", true]]);
  await store.putLidMapping({
    ...{ lid: "100000000000001", phoneNumber: "5511999990001", createdAt: 1, updatedAt: 1 },
    learningSource: "usync",
  });
  await store.putTcToken("100000000000001@lid", { token: bytes, tokenTimestamp: 1 });
  await store.storeSentMessage(GROUP, "3EB0", bytes);
  const { devices } = directory(account);
  await devices.update([{ user: DEVICE, devices: [{ deviceId: 0 }], timestamp: 1 }]);
  const cache = signalCache(account);
  await cache.sessions.put(ALICE, session());
  await cache.identities.put(ALICE, bytes);
  await account.flush();
}

async function rowsOf(backend: Backend): Promise<number> {
  const { tables } = await backend.snapshotDb("rows");
  return tables.filter(({ table }) => table !== "owner").reduce((sum, { rows }) => sum + rows, 0);
}

describe("another identity of a device that is not paired", () => {
  test("takes everything else along in the commit of the device", async () => {
    const here = await world();
    await fill(here);
    expect(await rowsOf(here.backend)).toBeGreaterThan(10);
    here.commits.length = 0;
    const device = await another();
    takeIdentity(here, device);
    await here.account.flush();
    expect(here.commits.map((writes) => writes.map(({ kind }) => kind))).toEqual([
      ["account.clear", "device.save"],
    ]);
    expect(await rowsOf(here.backend)).toBe(1);
    expect((await here.backend.load())?.identityKey).toEqual(device.identityKey);
    await here.account.close();
  });

  test("is told to every listener, whatever another one throws", async () => {
    const here = await world();
    await fill(here);
    here.account.onIdentityChanged(() => {
      throw new Error("of a listener");
    });
    const cache = signalCache(here.account);
    let isTold = false;
    here.account.onIdentityChanged(() => {
      isTold = true;
    });
    takeIdentity(here, await another());
    expect(isTold).toBe(true);
    expect(await cache.sessions.load(ALICE)).toBeUndefined();
    await here.account.close();
  });

  test("is forgotten by every cache", async () => {
    const here = await world();
    await fill(here);
    const { account } = here;
    const { lid, devices, senderKeyDevices, lidOfContactHash } = directory(account);
    const cache = signalCache(account);
    expect(await lid.getLid("5511999990001")).toBe("100000000000001");
    expect(await lidOfContactHash("s7oK")).toBe("100000000000001");
    expect(await senderKeyDevices.withoutKey(GROUP, [DEVICE])).toEqual([]);
    takeIdentity(here, await another());
    // Readers wait for the commit that clears what is stored.
    expect(await cache.sessions.load(ALICE)).toBeUndefined();
    expect(here.commits.at(-1)?.[0]?.kind).toBe("account.clear");
    expect(await cache.identities.load(ALICE)).toBeUndefined();
    expect(await lid.getLid("5511999990001")).toBeUndefined();
    expect(await lidOfContactHash("s7oK")).toBeUndefined();
    expect(await devices.getDevicesFor([DEVICE])).toEqual([undefined]);
    expect(await senderKeyDevices.withoutKey(GROUP, [DEVICE])).toEqual([DEVICE]);
    await account.close();
  });

  test("keeps what is dirty of the former one from being saved", async () => {
    const here = await world();
    const cache = signalCache(here.account);
    const device = await another();
    await here.account.device.addPreKeys(1, () => new Uint8Array([1]));
    await cache.sessions.put(ALICE, session(3));
    await cache.identities.put(BOB, new Uint8Array(32).fill(7));
    const adding = here.account.device.addPreKeys(3, () => new Uint8Array([1]));
    const committing = here.account.commitWith([
      { kind: "groupMetadata.put", group: GROUP, blob: new Uint8Array(1) },
    ]);
    takeIdentity(here, device);
    await expect(committing).rejects.toThrow(IdentityConflictError);
    await adding.catch(() => {});
    await here.account.flush();
    expect(await here.backend.getSession(ALICE)).toBeUndefined();
    expect(await here.backend.loadIdentity(BOB)).toBeUndefined();
    expect(await here.backend.getGroupMetadata(GROUP)).toBeUndefined();
    await here.account.close();
  });

  test("refuses to put or publish records of the former identity", async () => {
    const here = await world();
    await fill(here);
    const cache = signalCache(here.account);
    const device = await another();
    await cache.withAddress(ALICE, async (address) => {
      const record = (await cache.sessions.load(address)) as SessionRecord;
      takeIdentity(here, device);
      await expect(cache.sendable(address)).rejects.toThrow(IdentityConflictError);
      await expect(cache.sessions.put(address, record)).rejects.toThrow(IdentityConflictError);
      await expect(cache.publishable([address])).rejects.toThrow(IdentityConflictError);
      // Others are not concerned.
      await cache.publishable([BOB]);
    });
    await cache.withAddress(ALICE, async (address) => {
      await cache.sessions.put(address, session(1));
      await cache.publishable([address]);
    });
    expect(await here.backend.getSession(ALICE)).toBeDefined();
    await here.account.close();
  });

  test("rejects a send that waits for its gate", async () => {
    const here = await world();
    const cache = signalCache(here.account);
    const device = await another();
    const sending = cache.withAddress(ALICE, async (address) => {
      await cache.sessions.put(address, session(1));
      here.beforeCommit = async () => {
        here.beforeCommit = async () => {};
        takeIdentity(here, device);
      };
      await cache.publishable([address]);
    });
    await expect(sending).rejects.toThrow();
    await here.account.flush();
    expect(await rowsOf(here.backend)).toBe(1);
    await here.account.close();
  });

  test("never uses a pre-key id again", async () => {
    const here = await world();
    await fill(here);
    takeIdentity(here, await another());
    const { nextPreKeyId, firstUnuploadedPreKeyId, serverHasPreKeys } =
      here.account.device.getDeviceSnapshot();
    expect([nextPreKeyId, firstUnuploadedPreKeyId, serverHasPreKeys]).toEqual([6, 6, false]);
    expect((await here.account.device.generatePreKeys(1))[0]?.id).toBe(6);
    await here.account.close();
  });

  test("answers a read that was begun before from what is stored afterwards", async () => {
    const here = await world();
    await fill(here);
    const read = here.backend.getSession.bind(here.backend);
    let release = (): void => {};
    here.backend.getSession = async (address) => {
      const found = await read(address);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return found;
    };
    const reading = here.account.store.getSession(ALICE);
    await new Promise((resolve) => setTimeout(resolve));
    here.backend.getSession = read;
    takeIdentity(here, await another());
    release();
    expect(await reading).toBeUndefined();
    await here.account.close();
  });

  test("is not read from, nor written beside, while it cannot be saved", async () => {
    const here = await world();
    await fill(here);
    here.beforeCommit = async () => {
      throw new BackendError("commit: down");
    };
    const before = await here.backend.load();
    takeIdentity(here, await another());
    await expect(here.account.flush()).rejects.toThrow("down");
    await expect(signalCache(here.account).sessions.load(ALICE)).rejects.toThrow("down");
    await expect(here.account.store.putGroupMetadata(GROUP, new Uint8Array(1))).rejects.toThrow("down");
    // A crash here leaves the former identity with all that it has.
    expect((await here.backend.load())?.identityKey).toEqual(before?.identityKey);
    expect(await here.backend.getSession(ALICE)).toBeDefined();
    here.beforeCommit = async () => {};
    await here.account.store.putGroupMetadata(GROUP, new Uint8Array(1));
    expect(await rowsOf(here.backend)).toBe(2);
    await here.account.close();
  });

  test("is taken by store.save alone", async () => {
    const here = await world();
    await fill(here);
    const device = await another();
    const save: Write = { kind: "device.save", device };
    const others: Write = { kind: "groupMetadata.put", group: GROUP, blob: new Uint8Array(1) };
    await expect(here.account.store.commit([save, others])).rejects.toThrow(IdentityConflictError);
    await expect(here.account.commitWith([save])).rejects.toThrow(IdentityConflictError);
    await expect(here.account.store.clearAccount()).rejects.toThrow(TypeError);
    await expect(here.account.commitWith([{ kind: "account.clear" }])).rejects.toThrow(TypeError);
    expect(await here.backend.getSession(ALICE)).toBeDefined();
    await here.account.store.save(device);
    expect(await rowsOf(here.backend)).toBe(1);
    expect(here.account.device.getDeviceSnapshot().identityKey).toEqual(device.identityKey);
    expect(here.account.device.isDirty).toBe(false);
    await here.account.close();
  });

  test("marks no device as holding a sender key on its way", async () => {
    const here = await world();
    const { senderKeyDevices } = directory(here.account);
    const distribution = await senderKeyDevices.beginDistribution(GROUP, [DEVICE]);
    takeIdentity(here, await another());
    await distribution.acknowledged();
    expect(await here.backend.getSenderKeyDevices(GROUP)).toEqual([]);
    await here.account.close();
  });

  test("stores our own mapping anew", async () => {
    const here = await world();
    const { account } = here;
    const own = { pn: "15550000001:3@s.whatsapp.net", lid: "915550000001:3@lid" };
    await directory(account).learn([{ lid: "915550000001", phoneNumber: "15550000001" }], {
      source: "pairing",
    });
    takeIdentity(here, { ...(await another()), ...own });
    await account.flush();
    expect((await here.backend.getPnMapping("15550000001"))?.lid).toBe("915550000001");
    await account.close();
  });
});

describe("a malformed device with another identity", () => {
  test.each([true, false])("is an error of its arguments, paired: %s", async (isPaired) => {
    const { account } = await world();
    if (isPaired) {
      account.device.modifyDevice((draft) => {
        draft.pn = "15550000001@s.whatsapp.net";
      });
      await account.flush();
    }
    const device = { ...(await another()), noiseKey: undefined } as unknown as Device;
    const before = account.device.getDeviceSnapshot();
    expect(() => account.device.modifyDevice((draft) => Object.assign(draft, device))).toThrow(TypeError);
    await expect(account.store.save(device)).rejects.toThrow(TypeError);
    await expect(account.commitWith([{ kind: "device.save", device }])).rejects.toThrow(TypeError);
    expect(account.device.getDeviceSnapshot()).toBe(before);
    await account.close();
  });

  test("without identity keys at all", async () => {
    const { account } = await world();
    const device = { ...(await another()), identityKey: undefined } as unknown as Device;
    expect(() => account.device.modifyDevice((draft) => Object.assign(draft, device))).toThrow(TypeError);
    await expect(account.store.save(device)).rejects.toThrow(TypeError);
    await account.close();
  });
});
