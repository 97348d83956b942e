import { describe, expect, test } from "vitest";
import { ALICE, BOB, haveSession, send, storeSession, world } from "../../test/support/signal/cache_world.ts";
import { CounterRecord } from "../../test/support/signal/counter_record.ts";
import { EntryMemory, memoryOf } from "./entry_memory.ts";

function address(n: number): string {
  return `${n}@lid.0`;
}

/** A memory in which each entry counts 1, and of whose clean records one stays decoded. */
function smallMemory(limit: number): EntryMemory {
  return new EntryMemory({ limit, costOf: () => 1, live: 1 });
}

describe("EntryMemory", () => {
  test("evicts the least recently used entries of all caches that share it", async () => {
    const memory = smallMemory(3);
    const [one, two] = [world({ memory }), world({ memory })];
    for (const { rows } of [one, two])
      for (const n of [1, 2, 3]) storeSession(rows, address(n), { next: n, reservedUntil: n });
    await one.cache.sessions.load(address(1));
    await two.cache.sessions.load(address(1));
    await one.cache.sessions.load(address(2));
    await one.cache.sessions.load(address(1));
    await two.cache.sessions.load(address(2));
    expect(memory.used).toBe(3);
    expect(two.cache.sessions.peek(address(1))).toBeUndefined();
    expect(one.cache.sessions.peek(address(1))?.current?.next).toBe(1);
    await two.cache.identities.load(address(1));
    expect(one.cache.stats).toMatchObject({ sessions: 1, heapBytes: 1 });
    expect(two.cache.stats).toMatchObject({ sessions: 1, identities: 1, heapBytes: 2 });
  });

  test("keeps entries of another cache that are not durable, and writes a lease before it evicts one", async () => {
    const memory = smallMemory(2);
    const [one, two] = [world({ memory }), world({ memory })];
    await haveSession(one, ALICE);
    for (let n = 0; n < 4; n += 1) await send(one, ALICE);
    await one.cache.sessions.put(BOB, CounterRecord.of("b", "b", 0));
    for (const n of [1, 2, 3, 4]) await two.cache.sessions.load(address(n));
    // BOB is dirty, and ALICE's row has a bound above its counter.
    expect(one.cache.stats).toMatchObject({ sessions: 2, dirty: 2 });
    expect(one.cache.sessions.peek(ALICE)?.current?.next).toBe(4);
    await one.engine.flush();
    expect(one.rows.sessions.get(ALICE)?.lease?.reservedUntil).toBe(4);
    expect(memory.used).toBe(2);
    for (const n of [5, 6]) {
      storeSession(two.rows, address(n), { next: n, reservedUntil: n });
      await two.cache.sessions.load(address(n));
    }
    expect(one.cache.stats.sessions).toBe(0);
    expect((await one.cache.sessions.load(ALICE))?.current?.next).toBe(4);
    expect(one.cache.stats.burnedKeys).toBe(0);
  });

  test("evicts no more than it needs while leases are being written", async () => {
    const memory = smallMemory(4);
    const [one, two] = [world({ memory }), world({ memory })];
    await haveSession(one, ALICE);
    for (let n = 0; n < 4; n += 1) await send(one, ALICE);
    for (const n of [1, 2, 3, 4, 5, 6]) storeSession(two.rows, address(n), { next: n, reservedUntil: n });
    for (const n of [1, 2]) await two.cache.sessions.load(address(n));
    const before = memory.used;
    // Each takes the place of one entry. The lease of ALICE counts as gone before it is written.
    for (const n of [3, 4]) await two.cache.sessions.load(address(n));
    expect(one.cache.stats).toMatchObject({ sessions: 1, dirty: 1 });
    expect(two.cache.stats.sessions).toBe(4);
    expect(memory.used).toBeGreaterThan(before);
    await one.engine.flush();
    expect(memory.used).toBeLessThanOrEqual(4);
  });

  test("packs records that are not used, and decodes them without a read", async () => {
    const memory = smallMemory(10);
    const here = world({ memory });
    const { cache, rows, engine } = here;
    for (const n of [1, 2, 3]) await haveSession(here, address(n), n);
    for (const n of [1, 2]) await send(here, address(n));
    await engine.flush();
    const isPacked = (n: number): boolean => cacheEntry(here, address(n)).isPacked;
    // The flush made 1 and then 2 clean, and 3 was clean before.
    expect([1, 2, 3].map(isPacked)).toEqual([true, false, true]);
    rows.readKeys.length = 0;
    expect((await cache.sessions.load(address(1)))?.current?.next).toBe(2);
    expect([1, 2, 3].map(isPacked)).toEqual([false, true, true]);
    expect(await cache.sessions.has(address(3))).toBe(true);
    expect(isPacked(3)).toBe(true);
    expect(cache.sessions.peek(address(3))?.current?.next).toBe(3);
    // The lease goes on where it was.
    expect(await send(here, address(2))).toMatchObject({ counter: 3 });
    expect(rows.readKeys).toEqual([]);
    expect(cache.stats.burnedKeys).toBe(0);
  });

  test("writes a packed record's bytes when only its lease changes", async () => {
    const memory = smallMemory(10);
    const here = world({ memory });
    const { cache, engine, rows } = here;
    await haveSession(here, ALICE);
    for (let n = 0; n < 4; n += 1) await send(here, ALICE);
    await haveSession(here, BOB);
    storeSession(rows, address(7), { next: 7, reservedUntil: 7 });
    await cache.sessions.load(address(7));
    const before = rows.sessions.get(ALICE)?.record;
    expect(cacheEntry(here, ALICE).isPacked).toBe(true);
    await cache.sessions.consumePreKey(address(7), 1);
    await cache.releaseLeases();
    expect(rows.sessions.get(ALICE)).toMatchObject({ record: before, lease: { reservedUntil: 4 } });
    expect((await engine.flush()).committed).toBe(0);
    const next = here.crash();
    expect((await next.cache.sessions.load(ALICE))?.current?.next).toBe(4);
  });

  test("reads the row of a packed record that does not decode", async () => {
    const memory = smallMemory(10);
    const here = world({ memory });
    const { cache, engine, rows } = here;
    const bad = CounterRecord.of("a", "a", 0);
    bad.fault = "undecodable";
    await cache.sessions.put(ALICE, bad);
    await engine.flush();
    await haveSession(here, BOB);
    storeSession(rows, address(7), { next: 7, reservedUntil: 7 });
    await cache.sessions.load(address(7));
    expect(cache.sessions.peek(ALICE)).toBeUndefined();
    expect(await cache.sessions.load(ALICE)).toBeUndefined();
    expect(cache.stats.quarantined).toBe(1);
  });

  test("is free again when a cache is closed, also of what is read afterwards", async () => {
    const memory = smallMemory(5);
    const [one, two] = [world({ memory }), world({ memory })];
    for (const n of [1, 2]) await haveSession(one, address(n));
    await one.cache.sessions.put(BOB, CounterRecord.of("b", "b", 0));
    one.rows.holdReads();
    const late = one.cache.sessions.load(address(9));
    await two.cache.sessions.load(ALICE);
    expect(memory.used).toBe(4);
    one.cache.close();
    expect(memory.used).toBe(1);
    expect(one.cache.stats).toMatchObject({ sessions: 0, dirty: 0 });
    one.rows.releaseReads();
    await late;
    expect(memory.used).toBe(1);
  });

  test("counts the heap of records by their bytes and whether they are packed", async () => {
    const memory = new EntryMemory({ limit: 1_000_000, live: 1 });
    const here = world({ memory });
    await haveSession(here, ALICE);
    const { bytes, cost } = cacheEntry(here, ALICE);
    expect(cost).toBe(700 + 4 * bytes);
    await haveSession(here, BOB);
    expect(cacheEntry(here, ALICE).cost).toBe(1_000 + bytes);
    await here.cache.identities.load(ALICE);
    expect(memory.used).toBe(here.cache.stats.heapBytes);
    await here.cache.sessions.delete(ALICE);
    await here.engine.flush();
    expect(cacheEntry(here, ALICE).cost).toBe(700);
    here.cache.clear();
    expect(memory.used).toBe(0);
  });
});

describe("memoryOf", () => {
  test("returns one memory for all stores of a cache, or of the process", () => {
    expect(memoryOf({})()).toBe(memoryOf({})());
    const own = memoryOf({ maxBytes: 1_000 });
    expect(own()).toBe(own());
    expect(own()).not.toBe(memoryOf({ maxBytes: 1_000 })());
    const counted = memoryOf({ capacity: 3 });
    expect(counted()).not.toBe(counted());
    for (const maxBytes of [0, -1, 1.5, Number.NaN])
      expect(() => memoryOf({ maxBytes })()).toThrow(RangeError);
  });
});

/** The entry of a session in memory. */
function cacheEntry({ cache }: ReturnType<typeof world>, at: string) {
  // The table is private to the cache and public to its neighbours.
  const { entries } = cache.sessions as unknown as import("./record_store.ts").RecordStore<CounterRecord>;
  const entry = entries.get(at);
  if (entry === undefined) throw new Error("the entry is not in memory");
  return entry;
}
