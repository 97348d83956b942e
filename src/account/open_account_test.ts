import { describe, expect, test } from "vitest";
import {
  type MemoryBackendOptions,
  MemoryDatabase,
  MemoryFaults,
  memoryBackend,
} from "../adapters/memory/mod.ts";
import type { Backend, Write } from "../backend/mod.ts";
import { hexOf } from "../bytes/mod.ts";
import { createDevice } from "../device/mod.ts";
import {
  BackendError,
  BusyError,
  ClosedError,
  CorruptError,
  FencedError,
  IncompleteBackendError,
  RefusedError,
  WrongLengthError,
} from "../errors/mod.ts";
import { type FakeHost, FaultPlan, fakeHost, faultyCommitter } from "../testing/mod.ts";
import { type Account, type OpenAccountOptions, openAccount, openAccountOver } from "./mod.ts";

const ADDRESS = "5511999990000@c.us.0";

/** One database, in which accounts are opened as often as a test likes. */
class World {
  readonly database = new MemoryDatabase();
  readonly plan = new FaultPlan();
  readonly faults = new MemoryFaults();
  readonly host: FakeHost = fakeHost();
  /** Names of what was closed, in order. */
  readonly closed: string[] = [];
  #openings = 0;

  backend(options: MemoryBackendOptions = {}): Backend {
    const { database, faults } = this;
    const inner = memoryBackend({ database, faults, clock: this.host.clock, ...options });
    const backend = faultyCommitter(inner, this.plan, { clock: this.host.clock });
    const close = backend.close.bind(backend);
    backend.close = async () => {
      this.closed.push("backend");
      await close();
    };
    return backend;
  }

  /** Each opening is a process of its own, with randomness of its own. */
  open(options: Partial<OpenAccountOptions> = {}, host?: FakeHost): Promise<Account> {
    this.#openings += 1;
    return openAccount({
      backend: this.backend(),
      host: host ?? fakeHost({ seed: 100 + this.#openings }),
      ...options,
    });
  }
}

test("a new account's device is durable before anything else happens", async () => {
  const world = new World();
  const account = await world.open();
  const { identityKey } = account.device.getDeviceSnapshot();
  expect(account.device.isDirty).toBe(false);
  // The process dies here: nothing is closed.
  const again = await world.open({}, fakeHost({ seed: 5 }));
  expect(again.device.getDeviceSnapshot().identityKey).toEqual(identityKey);
  await again.close();
});

test("the backend may be given as a value, a promise or a function", async () => {
  const world = new World();
  const forms: OpenAccountOptions["backend"][] = [
    world.backend(),
    Promise.resolve(world.backend()),
    () => world.backend(),
    async () => world.backend(),
  ];
  for (const backend of forms) await (await world.open({ backend })).close();
  expect(world.closed.length).toBe(4);
});

test("four stores without a commit are joined, and what lacks one is named", async () => {
  const world = new World();
  const stores = {
    signal: world.backend(),
    appSync: world.backend(),
    protocol: world.backend(),
    device: world.backend(),
  };
  const account = await world.open({ backend: stores });
  account.device.processCommand({ kind: "setPushName", pushName: "Ada" });
  await account.store.putSession(ADDRESS, Uint8Array.of(1));
  await account.close();
  expect(await world.backend().load()).toMatchObject({ pushName: "Ada" });
  expect(await world.backend().getSession(ADDRESS)).toEqual(Uint8Array.of(1));
  const { device: _device, ...three } = stores;
  // @ts-expect-error: a store is missing
  const opening = world.open({ backend: three });
  await expect(opening).rejects.toThrow("open account: the backend lacks device");
  await expect(opening).rejects.toBeInstanceOf(IncompleteBackendError);
});

test("a device from elsewhere is used only if the account has none", async () => {
  const world = new World();
  const imported = { ...(await createDevice(world.host)), pushName: "imported" };
  let asked = 0;
  const newDevice = () => {
    asked += 1;
    return imported;
  };
  const first = await world.open({ newDevice });
  expect(first.device.getDeviceSnapshot()).toEqual(imported);
  await first.close();
  await (await world.open({ newDevice })).close();
  expect(asked).toBe(1);
  const invalid = { ...imported, registrationId: 0 };
  const other = world.backend({ account: "other" });
  await expect(world.open({ backend: other, newDevice: () => invalid })).rejects.toBeInstanceOf(RangeError);
});

test("a device that cannot be read is an error and never a new identity", async () => {
  const world = new World();
  const account = await world.open();
  const { identityKey } = account.device.getDeviceSnapshot();
  await account.close();

  world.faults.failReads(new BackendError("load device: disk error"));
  await expect(world.open()).rejects.toBeInstanceOf(BackendError);
  world.faults.failReads(undefined);
  const forgetful = world.backend();
  forgetful.load = async () => undefined;
  await expect(world.open({ backend: forgetful })).rejects.toBeInstanceOf(CorruptError);
  const again = await world.open();
  expect(again.device.getDeviceSnapshot().identityKey).toEqual(identityKey);
  await again.close();

  world.database.damage("default", "device", "undecodable");
  await expect(world.open()).rejects.toBeInstanceOf(CorruptError);
  world.database.damage("default", "device", "wrong-length");
  await expect(world.open()).rejects.toBeInstanceOf(WrongLengthError);
  expect(world.closed.length).toBe(6);
});

test("an opening that fails closes what it opened, and frees task names", async () => {
  const world = new World();
  const host = fakeHost();
  world.plan.next(new BusyError("commit: busy"));
  await expect(world.open({}, host)).rejects.toBeInstanceOf(BusyError);
  await expect(world.open({ saverIntervalMs: 0 }, host)).rejects.toBeInstanceOf(RangeError);
  await expect(world.open({ policy: { haltAfter: -1 } }, host)).rejects.toBeInstanceOf(RangeError);
  expect(world.closed.length).toBe(3);
  await (await world.open({}, host)).close();
});

test("a failed opening throws its own reason, and logs other failures", async () => {
  for (const close of [
    () => Promise.reject(new BackendError("close: disk full")),
    () => {
      throw new BackendError("close: disk full");
    },
  ]) {
    const world = new World();
    const host = fakeHost();
    const backend = world.backend();
    backend.close = close;
    world.faults.failReads(new BackendError("load device: disk error"));
    await expect(world.open({ backend }, host)).rejects.toThrow("load device: disk error");
    expect(host.logger.entries).toContainEqual({
      level: "error",
      message: "open account: failed to close what was opened",
      fields: { code: "failed", error: "close: disk full" },
    });
  }
});

test("no kind of commit of an earlier owner writes anything", async () => {
  const world = new World();
  const earlier = await world.open();
  earlier.device.processCommand({ kind: "setPushName", pushName: "lost" });
  const later = await world.open();
  await expect(earlier.flush()).rejects.toBeInstanceOf(FencedError);
  await expect(earlier.store.putSession(ADDRESS, Uint8Array.of(1))).rejects.toBeInstanceOf(FencedError);
  await expect(earlier.commitWith([])).rejects.toBeInstanceOf(FencedError);
  expect(earlier.health().state).toBe("fenced");
  await expect(earlier.close()).rejects.toBeInstanceOf(FencedError);
  expect(await later.store.hasSession(ADDRESS)).toBe(false);
  later.device.processCommand({ kind: "setPushName", pushName: "kept" });
  await later.close();
  const last = await world.open();
  expect(last.device.getDeviceSnapshot().pushName).toBe("kept");
  await last.close();
});

test("ownership is taken before the first read", async () => {
  const world = new World();
  const order: string[] = [];
  const backend = world.backend();
  const { load, commit } = backend;
  backend.load = () => {
    order.push("load");
    return load.call(backend);
  };
  backend.commit = (writes, options) => {
    order.push(options?.guard?.next === undefined ? "commit" : "take");
    return commit.call(backend, writes, options);
  };
  await (await world.open({ backend })).close();
  expect(order).toEqual(["take", "load"]);
});

test("a first device goes with the ownership, and of openings at once all have that of one", async () => {
  const world = new World();
  const committed: string[][] = [];
  const opening = async (seed: number) => {
    const backend = world.backend();
    const { commit } = backend;
    backend.commit = async (writes, options) => {
      committed.push(writes.map(({ kind }) => kind));
      return await commit.call(backend, writes, options);
    };
    return await world.open({ backend }, fakeHost({ seed }));
  };
  const accounts = await Promise.all(Array.from({ length: 16 }, (_, index) => opening(index + 1)));
  const identities = accounts.map(({ device }) => hexOf(device.getDeviceSnapshot().identityKey.publicKey));
  expect(new Set(identities).size).toBe(1);
  expect(committed.length).toBeGreaterThan(16);
  expect(committed.every((kinds) => kinds.length === 0 || kinds[0] === "device.save")).toBe(true);
  expect(await world.backend().load()).toEqual(accounts[0]?.device.getDeviceSnapshot());
});

test("a device whose keys do not belong together is damaged, and is left as it is", async () => {
  const world = new World();
  const account = await world.open();
  const stored = account.device.getDeviceSnapshot();
  await account.close();
  const flipped = (bytes: Uint8Array): Uint8Array => bytes.with(9, (bytes[9] ?? 0) ^ 4);
  const { identityKey, signedPreKey } = stored;
  for (const [name, damage] of [
    ["noiseKey", { noiseKey: { ...stored.noiseKey, publicKey: flipped(stored.noiseKey.publicKey) } }],
    ["identityKey", { identityKey: { ...identityKey, privateKey: flipped(identityKey.privateKey) } }],
    ["signedPreKey", { signedPreKey: { ...signedPreKey, publicKey: stored.noiseKey.publicKey } }],
  ] as const) {
    const damaged = { ...stored, ...damage };
    await world.backend().save(damaged);
    await expect(world.open()).rejects.toThrow(`open account: the stored ${name} is damaged`);
    await expect(world.open()).rejects.toBeInstanceOf(CorruptError);
    expect(await world.backend().load()).toEqual(damaged);
  }
});

test("a stored signature that does not match is made anew, once", async () => {
  const world = new World();
  const account = await world.open();
  const stored = account.device.getDeviceSnapshot();
  account.device.modifyDevice((draft) => {
    draft.signedPreKeySignature = new Uint8Array(64).fill(7);
  });
  await account.close();
  const host = fakeHost();
  const warnings = () =>
    host.logger.entries.filter(({ message }) => message.includes("signedPreKeySignature"));
  const again = await world.open({}, host);
  expect(warnings().map(({ level }) => level)).toEqual(["warn"]);
  const repaired = again.device.getDeviceSnapshot();
  const { signedPreKeySignature, ...rest } = stored;
  expect(repaired).toMatchObject(rest);
  expect(repaired.signedPreKeySignature).not.toEqual(new Uint8Array(64).fill(7));
  expect(await world.backend().load()).toEqual(repaired);
  await again.close();
  const last = await world.open({}, host);
  expect(warnings()).toHaveLength(1);
  expect(last.device.getDeviceSnapshot()).toEqual(repaired);
  await last.close();
});

test("a new device with keys that do not belong together is refused before it is stored", async () => {
  const world = new World();
  const made = await createDevice(world.host);
  const other = await createDevice(world.host);
  for (const [name, unsound] of [
    ["noiseKey", { noiseKey: { ...made.noiseKey, publicKey: other.noiseKey.publicKey } }],
    ["identityKey", { identityKey: { ...made.identityKey, privateKey: other.identityKey.privateKey } }],
    ["signedPreKey", { signedPreKey: { ...made.signedPreKey, publicKey: other.noiseKey.publicKey } }],
    ["signedPreKeySignature", { signedPreKeySignature: other.signedPreKeySignature }],
  ] as const) {
    const opening = world.open({ newDevice: () => ({ ...made, ...unsound }) });
    await expect(opening).rejects.toThrow(`newDevice: ${name} does not belong to its private key`);
    await expect(opening).rejects.toBeInstanceOf(RangeError);
    expect(await world.backend().exists()).toBe(false);
  }
  await expect(world.open({ newDevice: () => ({}) as never })).rejects.toBeInstanceOf(TypeError);
  const account = await world.open({ newDevice: () => made });
  expect(account.device.getDeviceSnapshot()).toEqual(made);
  await account.close();
});

test("no way into an open account takes a key pair of two halves", async () => {
  const world = new World();
  const account = await world.open();
  const { store, device } = account;
  const before = device.getDeviceSnapshot();
  const { signedPreKey, noiseKey, signedPreKeySignature } = before;
  const broken = { privateKey: signedPreKey.privateKey, publicKey: noiseKey.publicKey };
  const damaged = { ...before, signedPreKey: broken };
  const change = () =>
    device.modifyDevice((draft) => {
      draft.noiseKey = { ...noiseKey, publicKey: signedPreKey.publicKey };
    });
  expect(change).toThrow("change device: noiseKey does not belong to its private key");
  expect(change).toThrow(RangeError);
  expect(() =>
    device.processCommand({
      kind: "setSignedPreKey",
      signedPreKey: broken,
      signedPreKeyId: 2,
      signedPreKeySignature,
      rotatedAtMs: 1,
    }),
  ).toThrow("change device: signedPreKey does not belong to its private key");
  const put: Write = { kind: "session.put", address: ADDRESS, record: Uint8Array.of(1) };
  for (const saving of [
    store.save(damaged),
    store.commit([put, { kind: "device.save", device: damaged }]),
    account.commitWith([put, { kind: "device.save", device: damaged }]),
  ]) {
    await expect(saving).rejects.toThrow("save device: signedPreKey does not belong to its private key");
    await expect(saving).rejects.toBeInstanceOf(RangeError);
  }
  await expect(store.save({} as never)).rejects.toThrow(/^device\.save: device/);
  expect(device.isDirty).toBe(false);
  expect(await store.load()).toEqual(before);
  expect(await store.getSession(ADDRESS)).toBe(undefined);
  await account.close();
});

test("an account that lost its device is damaged, and one of an earlier release is completed", async () => {
  const world = new World();
  await (await world.open()).close();
  const forgetful = world.backend();
  forgetful.load = async () => undefined;
  forgetful.exists = async () => false;
  await expect(world.open({ backend: forgetful })).rejects.toThrow(
    "open account: a device is stored and was not read",
  );

  const earlier = world.backend({ account: "earlier" });
  const next = { owner: "ab".repeat(20), epoch: 1 };
  await earlier.commit([], { guard: { owner: undefined, minEpoch: 0, maxEpoch: 0, next } });
  const account = await world.open({ backend: earlier });
  expect(await account.store.load()).toEqual(account.device.getDeviceSnapshot());
  await account.close();
});

test("direct commits and flushes go one at a time, in the order of the calls", async () => {
  const world = new World();
  const account = await world.open();
  world.plan.next("hold");
  const puts = [1, 2, 3].map((value) => account.store.putSession(ADDRESS, Uint8Array.of(value)));
  account.device.processCommand({ kind: "setPushName", pushName: "Ada" });
  const flushing = account.flush();
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  expect(world.plan.held).toBe(1);
  world.plan.release();
  await Promise.all([...puts, flushing]);
  expect(await account.store.getSession(ADDRESS)).toEqual(Uint8Array.of(3));
  await account.close();
});

test("commitWith lands with the device in one commit, and stats count rows", async () => {
  const world = new World();
  const account = await world.open();
  const before = account.stats();
  account.device.processCommand({ kind: "incrementLoginCounter" });
  expect(
    await account.commitWith([{ kind: "session.put", address: ADDRESS, record: Uint8Array.of(1) }]),
  ).toEqual([1]);
  const after = account.stats();
  expect(after.commits - before.commits).toBe(1);
  expect(after.rowsWritten - before.rowsWritten).toBe(2);
  await account.close();
});

test("the saver saves by itself; in manual mode only when asked", async () => {
  for (const saverIntervalMs of [3_000, "manual"] as const) {
    const world = new World();
    const host = fakeHost();
    const account = await world.open({ saverIntervalMs }, host);
    account.device.processCommand({ kind: "setPushName", pushName: "Ada" });
    await host.scheduler.advance(600_000);
    expect(account.device.isDirty).toBe(saverIntervalMs === "manual");
    await account.close();
    expect((await world.backend().load())?.pushName).toBe("Ada");
  }
});

test("close flushes, closes the backend once, and is done by using", async () => {
  const world = new World();
  const host = fakeHost();
  {
    await using account = await world.open({}, host);
    account.device.processCommand({ kind: "setPushName", pushName: "Ada" });
    expect(account.close()).toBe(account.close());
  }
  expect(world.closed).toEqual(["backend"]);
  expect(host.scheduler.scheduled).toEqual([]);
  const again = await world.open({}, host);
  expect(again.device.getDeviceSnapshot().pushName).toBe("Ada");
  await again.close();
  await expect(again.flush()).rejects.toBeInstanceOf(ClosedError);
  await expect(again.store.putSession(ADDRESS, Uint8Array.of(1))).rejects.toBeInstanceOf(ClosedError);
});

test("a close that cannot save closes everything all the same and says so", async () => {
  const world = new World();
  const account = await world.open();
  account.device.processCommand({ kind: "setPushName", pushName: "Ada" });
  world.plan.always(new BackendError("commit: disk full"));
  await expect(account.close()).rejects.toThrow("close: 1 items could not be saved: commit: disk full");
  expect(world.closed).toEqual(["backend"]);
});

test("close names a refused device row, and saves all other state", async () => {
  const world = new World();
  const account = await world.open();
  world.plan.refuse(({ kind }) => kind === "device.save");
  account.device.processCommand({ kind: "setPushName", pushName: "Ada" });
  await account.commitWith([{ kind: "session.put", address: ADDRESS, record: Uint8Array.of(1) }]);
  expect(await account.store.hasSession(ADDRESS)).toBe(true);
  expect(account.health().isolated).toMatchObject([
    { flushable: "device", key: "device", reason: "refused" },
  ]);
  await expect(account.close()).rejects.toBeInstanceOf(RefusedError);
});

test("lost answers are sent again, and late twins undo nothing", async () => {
  const world = new World();
  const account = await world.open();
  account.device.processCommand({ kind: "setPushName", pushName: "one" });
  world.plan.next("lose-request");
  await account.flush();
  account.device.processCommand({ kind: "setPushName", pushName: "two" });
  await account.flush();
  const outcomes = await world.plan.deliverLate();
  expect(outcomes).toMatchObject([{ error: { code: "fenced" } }]);
  await account.close();
  expect((await world.backend().load())?.pushName).toBe("two");
});

test("mappings of a commit in doubt are read again, failed ones stay", async () => {
  const world = new World();
  const account = await world.open();
  const { lid } = account;
  const put = async (name: string): Promise<void> => {
    const entry = {
      lid: name,
      phoneNumber: "55",
      createdAt: 1,
      updatedAt: 1,
      learningSource: "usync",
    } as const;
    await account.commitWith([{ kind: "lidMapping.put", entries: [entry] }]);
  };
  expect(await lid.getLid("55")).toBeUndefined();
  world.plan.next(new BackendError("commit: down"));
  await expect(put("100")).rejects.toThrow("down");
  expect(await lid.getLid("55")).toBeUndefined();
  world.plan.next("lose-answer", new BackendError("commit: down"));
  await expect(put("100")).rejects.toMatchObject({ code: "ambiguous" });
  expect(await lid.getLid("55")).toBe("100");
  await account.close();
});

test("followers learn of applied and doubtful writes before the answer", async () => {
  const world = new World();
  const account = await world.open();
  const told: string[] = [];
  account.onCommitted(async (writes) => {
    await Promise.resolve();
    for (const write of writes) if (write.kind === "session.delete") told.push(write.address);
  });
  const remove = (address: string) => account.commitWith([{ kind: "session.delete", address }]);
  await remove("1@lid.0");
  expect(told).toEqual(["1@lid.0"]);
  world.plan.next(new BackendError("commit: down"));
  await expect(remove("2@lid.0")).rejects.toThrow("down");
  world.plan.next("lose-request", new BackendError("commit: down"));
  await expect(remove("3@lid.0")).rejects.toMatchObject({ code: "ambiguous" });
  expect(told).toEqual(["1@lid.0", "3@lid.0"]);
  await account.close();
});

test("accounts of one database share a scheduler, and their state is apart", async () => {
  const world = new World();
  const host = fakeHost();
  const alice = await world.open({ backend: world.backend({ account: "user" }) }, host);
  const bob = await world.open({ backend: world.backend({ account: "user:1" }) }, host);
  alice.device.processCommand({ kind: "setPushName", pushName: "Alice" });
  bob.device.processCommand({ kind: "setPushName", pushName: "Bob" });
  await host.scheduler.advance(10_000);
  expect((await world.backend({ account: "user" }).load())?.pushName).toBe("Alice");
  expect((await world.backend({ account: "user:1" }).load())?.pushName).toBe("Bob");
  const again = await world.open({ backend: world.backend({ account: "user" }), taskLabel: "second" }, host);
  for (const account of [bob, again]) await account.close();
  await alice.close();
});

// Two bots that were named at `openAccount` were one account, `default`, and fenced each other.
test("an account is named at the backend and nowhere else", async () => {
  const world = new World();
  const backend = world.backend();
  // @ts-expect-error: the option names no account
  await expect(openAccount({ backend, account: "bot-1" })).rejects.toThrow(TypeError);
  const options = { backend, account: "bot-1" };
  // @ts-expect-error: nor where the compiler does not look for unknown options
  await expect(openAccount(options)).rejects.toThrow("the option account names no account");
  expect(await backend.listAccounts()).toEqual([]);
});

// Two processes that both vouched for themselves would write side by side.
test("no option lets a caller open an account as its sole owner", async () => {
  const world = new World();
  const options = { taskLabel: "bot", soleOwner: "me" };
  const [first, second] = [await world.open(options), await world.open(options)];
  expect(second.ownerEpoch).toBe(first.ownerEpoch + 1);
  await expect(first.commitWith([])).rejects.toBeInstanceOf(FencedError);
  await second.close();
});

test("nothing secret reaches the log while saving fails in every way", async () => {
  const world = new World();
  const host = fakeHost();
  const account = await world.open({}, host);
  const { advSecretKey } = account.device.getDeviceSnapshot();
  const secret = advSecretKey.join();
  world.plan.always(new Error(`driver said: ${secret}`));
  account.device.processCommand({ kind: "incrementLoginCounter" });
  await host.scheduler.advance(600_000);
  await account.close().catch(() => {});
  expect(host.logger.entries.length).toBeGreaterThan(10);
  expect(host.logger.text).not.toContain(secret);
  expect(JSON.stringify(account.health())).not.toContain(secret);
});

describe("openAccountOver", () => {
  // A host passes on the options of its user, whose types need not be checked.
  test("refuses an account's name and closes the backend", async () => {
    const backend = memoryBackend({ database: new MemoryDatabase() });
    const options = { account: "alice" } as object;
    await expect(openAccountOver(backend, options, {})).rejects.toThrow(TypeError);
    await expect(backend.exists()).rejects.toThrow(ClosedError);
  });
});
