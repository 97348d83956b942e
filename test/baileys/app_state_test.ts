/** Baileys' app state: each set brings a whole collection, and what is written is what changed. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { type Account, openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import type { Backend, Write } from "../../src/backend/mod.ts";
import { baileysAuthState, type KeyStore } from "../../src/baileys/mod.ts";
import { AmbiguousError, BackendError, ClosedError, FencedError } from "../../src/errors/mod.ts";
import { type FakeHost, FaultPlan, fakeHost, faultyCommitter, SeededRandom } from "../../src/testing/mod.ts";

const NAME = "regular_low";
const TYPE = "app-state-sync-version";
const PAUSE_MS = 60_000;

/** As Baileys holds it. */
interface State {
  version: number;
  hash: Buffer;
  indexValueMap: Record<string, { valueMac: Buffer }>;
}

const random = new SeededRandom(8);
const mac = (): Buffer => Buffer.from(random.bytes(32));

function stateOf(version: number, mutations: number): State {
  const entries = Array.from({ length: mutations }, () => [mac().toString("base64"), { valueMac: mac() }]);
  return { version, hash: Buffer.from(random.bytes(128)), indexValueMap: Object.fromEntries(entries) };
}

/** The next state, as Baileys' patches make it: a copy with a few mutations more, replaced or gone. */
function patched(before: State, { add = 0, change = 0, remove = 0 }): State {
  const indexValueMap = { ...before.indexValueMap };
  const indexes = Object.keys(indexValueMap);
  for (const index of indexes.slice(0, change)) indexValueMap[index] = { valueMac: mac() };
  for (const index of indexes.slice(indexes.length - remove)) delete indexValueMap[index];
  for (let count = 0; count < add; count += 1) indexValueMap[mac().toString("base64")] = { valueMac: mac() };
  return { version: before.version + 1, hash: Buffer.from(random.bytes(128)), indexValueMap };
}

/** One database, and every commit and read of collections that reached it. */
class World {
  readonly database = new MemoryDatabase();
  readonly host: FakeHost = fakeHost();
  readonly plan = new FaultPlan();
  readonly commits: (readonly Write[])[] = [];
  reads = 0;
  #opened = 0;

  async open(): Promise<{ account: Account; keys: KeyStore }> {
    const inner = memoryBackend({ database: this.database, clock: this.host.clock });
    const commit = inner.commit.bind(inner);
    inner.commit = (writes, options) => {
      this.commits.push(writes);
      return commit(writes, options);
    };
    for (const method of ["getVersion", "getGenerations"] as const) {
      const read = inner[method].bind(inner) as (name: string) => Promise<never>;
      inner[method] = (name: string) => {
        this.reads += 1;
        return read(name);
      };
    }
    const backend: Backend = faultyCommitter(inner, this.plan, { clock: this.host.clock });
    this.#opened += 1;
    const account = await openAccount({ backend, host: this.host, taskLabel: String(this.#opened) });
    const { state } = await baileysAuthState(account);
    this.reset();
    return { account, keys: state.keys };
  }

  reset(): void {
    this.commits.length = 0;
    this.reads = 0;
  }

  /** Mutations and rows of collections that were written. */
  get written(): number {
    return this.commits.flat().reduce((rows, write) => rows + rowsOf(write), 0);
  }
}

function rowsOf(write: Write): number {
  if (write.kind === "syncVersion.put") return 1 + write.state.indexValueMap.size;
  return write.kind === "syncVersion.patch" ? 1 + write.patch.values.size + write.patch.removed.length : 0;
}

/** A state in a few characters, equal for equal states: comparing thousands of buffers takes seconds. */
function digestOf(state: unknown): string {
  if (state === undefined) return "absent";
  const { version, hash, indexValueMap } = state as State;
  const digest = createHash("sha256").update(String(version)).update(hash);
  for (const [index, { valueMac }] of Object.entries(indexValueMap).sort(([a], [b]) => (a < b ? -1 : 1)))
    digest.update(index).update(valueMac);
  return `version ${version} ${digest.digest("hex")}`;
}

async function get(keys: KeyStore, name = NAME): Promise<string> {
  return digestOf((await keys.get(TYPE, [name]))[name]);
}

const set = (keys: KeyStore, state: State | null, name = NAME): Promise<void> =>
  Promise.resolve(keys.set({ [TYPE]: { [name]: state } }));

test("a change of a large collection writes what changed, and reads nothing", async () => {
  const world = new World();
  const { account, keys } = await world.open();
  let state = stateOf(1, 20_000);
  await set(keys, state);
  for (const change of [{ add: 1 }, { change: 1 }, { remove: 1 }, { add: 1, change: 1 }]) {
    world.reset();
    state = patched(state, change);
    await set(keys, state);
    expect(world.reads).toBe(0);
    expect(world.commits).toHaveLength(1);
    expect(world.written).toBeLessThanOrEqual(3);
  }
  world.reset();
  expect(await get(keys)).toBe(digestOf(state));
  expect(world.reads).toBe(0);
  await account.close();
  const reopened = await world.open();
  expect(await get(reopened.keys)).toBe(digestOf(state));
  state = patched(state, { change: 2 });
  world.reset();
  await set(reopened.keys, state);
  expect(world.reads).toBe(0);
  expect(world.written).toBe(3);
  await reopened.account.close();
});

test("after a pause the next change reads the collection once", async () => {
  const world = new World();
  const { account, keys } = await world.open();
  let state = stateOf(1, 300);
  await set(keys, state);
  await world.host.scheduler.advance(PAUSE_MS);
  for (const reads of [2, 0]) {
    world.reset();
    state = patched(state, { change: 1 });
    await set(keys, state);
    expect(world.reads).toBe(reads);
    expect(world.written).toBe(2);
  }
  expect(await get(keys)).toBe(digestOf(state));
  await account.close();
});

test("a snapshot of bounded commits is the state with its last one alone", async () => {
  const world = new World();
  const { account, keys } = await world.open();
  const first = stateOf(1, 10);
  await set(keys, first);
  const second = stateOf(2, 9_000);
  for (let failing = 0; failing < 5; failing += 1) {
    world.plan.next(
      ...Array.from({ length: failing }, () => "pass" as const),
      new BackendError("commit: down"),
    );
    await expect(set(keys, second)).rejects.toThrow(BackendError);
    expect(await get(keys)).toBe(digestOf(first));
  }
  world.reset();
  await set(keys, second);
  expect(world.commits.map((writes) => writes.reduce((rows, write) => rows + rowsOf(write), 0))).toEqual([
    2_001, 2_001, 2_001, 2_001, 1_001,
  ]);
  expect(await get(keys)).toBe(digestOf(second));
  // A smaller snapshot has nothing of those that were cut short.
  const third = stateOf(3, 2_500);
  await set(keys, third);
  await account.close();
  const reopened = await world.open();
  expect(await get(reopened.keys)).toBe(digestOf(third));
  await reopened.account.close();
});

test("a set of several types is all or nothing, whatever its size", async () => {
  const world = new World();
  const { account, keys } = await world.open();
  const states = { regular: stateOf(1, 5_000), [NAME]: stateOf(2, 3) };
  const memory = { "120363000000000001@g.us": { "100000000000002:2@lid": true } };
  const data = { [TYPE]: states, "sender-key-memory": memory };
  world.plan.next("pass", "pass", new BackendError("commit: down"));
  await expect(keys.set(data)).rejects.toThrow(BackendError);
  expect(await keys.get(TYPE, Object.keys(states))).toEqual({});
  expect(await keys.get("sender-key-memory", Object.keys(memory))).toEqual({});
  world.reset();
  await keys.set(data);
  expect(world.commits.at(-1)?.map(({ kind }) => kind)).toContain("senderKeyDevices.set");
  for (const [name, state] of Object.entries(states)) expect(await get(keys, name)).toBe(digestOf(state));
  expect(await keys.get("sender-key-memory", Object.keys(memory))).toEqual(memory);
  // One that cannot be understood stores nothing of the others.
  world.reset();
  const malformed = { ...stateOf(9, 1), hash: Buffer.alloc(3) };
  await expect(keys.set({ [TYPE]: { regular: stateOf(3, 5_000), [NAME]: malformed } })).rejects.toThrow();
  expect(world.commits).toEqual([]);
  await account.close();
});

test("after a lost answer the next change finds out what is stored", async () => {
  const world = new World();
  const { account, keys } = await world.open();
  const first = stateOf(1, 50);
  await set(keys, first);
  const second = patched(first, { add: 1, remove: 1 });
  world.plan.next("lose-answer", "lose-answer", "lose-answer");
  await expect(set(keys, second)).rejects.toThrow(AmbiguousError);
  expect(await get(keys)).toBe(digestOf(second));
  const third = patched(second, { change: 3 });
  await set(keys, third);
  expect(await get(keys)).toBe(digestOf(third));
  await account.close();
});

test("what others store is read, and changed from there", async () => {
  const world = new World();
  const { account, keys } = await world.open();
  const { store } = account;
  const first = stateOf(1, 20);
  await set(keys, first);
  const other = { version: 7n, hash: random.bytes(128), macMismatchFatal: false };
  await store.setVersion(NAME, { ...other, indexValueMap: new Map([["YQ==", mac()]]) });
  expect(await keys.get(TYPE, [NAME])).toMatchObject({
    [NAME]: { version: 7, indexValueMap: { "YQ==": {} } },
  });
  const second = patched(first, { change: 1 });
  await set(keys, second);
  expect(await get(keys)).toBe(digestOf(second));
  const stored = await store.getVersion(NAME);
  expect([...stored.indexValueMap.keys()].sort()).toEqual(Object.keys(second.indexValueMap).sort());
  await account.commitWith([{ kind: "syncVersion.delete", name: NAME }]);
  expect(await get(keys)).toBe("absent");
  const third = stateOf(3, 4);
  await set(keys, third);
  expect(await get(keys)).toBe(digestOf(third));
  await account.close();
});

test("null forgets a collection, and one of version 0 is absent", async () => {
  const world = new World();
  const { account, keys } = await world.open();
  await set(keys, stateOf(4, 30));
  await set(keys, stateOf(4, 10), "regular");
  await set(keys, null);
  await set(keys, { version: 0, hash: Buffer.alloc(128), indexValueMap: {} }, "regular_high");
  expect(Object.keys(await keys.get(TYPE, [NAME, "regular", "regular_high"]))).toEqual(["regular"]);
  const again = stateOf(1, 3);
  await set(keys, again);
  expect(await get(keys)).toBe(digestOf(again));
  await account.close();
});

test("answers nothing from memory after an erasure or another owner", async () => {
  const world = new World();
  const first = await world.open();
  await set(first.keys, stateOf(1, 20));
  const second = await world.open();
  const state = stateOf(2, 10);
  await set(second.keys, state);
  await expect(set(first.keys, stateOf(3, 5))).rejects.toThrow(FencedError);
  expect(await get(first.keys)).toBe(digestOf(state));
  await first.account.close().catch(() => {});
  await second.account.erase();
  await expect(get(second.keys)).rejects.toThrow(ClosedError);
  await expect(set(second.keys, state)).rejects.toThrow(ClosedError);
});

test("compares a collection too large for memory with the store", async () => {
  const world = new World();
  const { account, keys } = await world.open();
  let state = stateOf(1, 10);
  for (const entry of Object.values(state.indexValueMap)) entry.valueMac = Buffer.alloc(1_000_000, 7);
  await set(keys, state);
  state = patched(state, { change: 1 });
  world.reset();
  await set(keys, state);
  expect(world.reads).toBe(2);
  expect(world.written).toBe(2);
  expect(await get(keys)).toBe(digestOf(state));
  await account.close();
});

test("sets that are made at once are stored in their order", async () => {
  const world = new World();
  const { account, keys } = await world.open();
  const states = [stateOf(1, 3_000)];
  for (let count = 0; count < 6; count += 1)
    states.push(patched(states[count] as State, { add: 1, change: 1 }));
  await Promise.all(states.map((state) => set(keys, state)));
  expect(await get(keys)).toBe(digestOf(states.at(-1)));
  await account.close();
  const reopened = await world.open();
  expect(await get(reopened.keys)).toBe(digestOf(states.at(-1)));
  await reopened.account.close();
});
