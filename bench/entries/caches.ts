import { LRUCache } from "lru-cache";
import { PortableCache, TypedCache } from "../../src/cache/mod.ts";
import { type Clock, systemClock } from "../../src/ports/mod.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import { type BenchEntry, median, ratio } from "../bench.ts";

/** Capacity and idle time of the LID mappings by default: the largest cache, and the one that is asked for each message. */
const CAPACITY = 10_000;
const TTL_MS = 3_600_000;

/** Keys as they are used, twice as many as there is room for. */
const keys: readonly string[] = Array.from(
  { length: 2 * CAPACITY },
  (_, index) => `55119${String((index * 7_919) % 100_000_000).padStart(8, "0")}`,
);

/** The keys that are held, each once and far from its neighbours. */
const shuffled: readonly string[] = Array.from(
  { length: CAPACITY },
  (_, index) => keys[(index * 6_151) % CAPACITY] as string,
);

/** Many rounds, each shorter than a slice of the processor's time: what else the machine does then spoils few of them. */
const ROUNDS = { rounds: 251, minMs: 0.5 };

/**
 * Reading is measured by passes over all keys, as many on each side: the first of them fetches back what the other side pushed
 * out of the processor's cache. The side that fitted one pass more into a least time would seem faster than it is.
 */
const PASSES = 5;
const READ_ROUNDS = { rounds: 101, minMs: 0 };

/**
 * The median of comparisons with fresh caches, after some that do not count: for the first second the engine compiles both sides
 * again and again, and a service runs for longer than that.
 */
async function steady(compare: () => Promise<number>): Promise<number> {
  const results: number[] = [];
  for (let i = -4; i < 5; i++) {
    const result = await compare();
    if (i >= 0) results.push(result);
  }
  return median(results);
}

const VALUE = { lid: "100000000000001", createdAt: 1 };

function portable(clock: Clock): PortableCache<string, object> {
  return new PortableCache({ capacity: CAPACITY, ttlMs: TTL_MS, idleMs: TTL_MS, clock });
}

/**
 * lru-cache keeps one time for an entry. With `updateAgeOnGet` it is an idle time, as ours, which checks the time to live besides:
 * the two cannot be had together there.
 */
function lru(clock: Clock): LRUCache<string, object> {
  return new LRUCache({
    max: CAPACITY,
    ttl: TTL_MS,
    updateAgeOnGet: true,
    perf: { now: () => clock.nowMs() },
  });
}

/** Refuses a pass that did not find every key with its value. */
function requireHits(hits: number): void {
  if (hits !== CAPACITY) throw new Error(`${CAPACITY - hits} entries were not found`);
}

// What is timed: a function for each side, all alike, so that the engine knows in each which cache it calls. They count instead
// of writing `for (const key of shuffled)`. An array's iterator costs nothing where the engine compiled the function as a whole,
// and a third of a read where it did so half-way through the loop: which of the two it is, on which side, is chance.

function readOurs(cache: PortableCache<string, object>): void {
  let hits = 0;
  for (let i = 0; i < CAPACITY; i++) if (cache.get(shuffled[i] as string) === VALUE) hits++;
  requireHits(hits);
}

function readTheirs(cache: LRUCache<string, object>): void {
  let hits = 0;
  for (let i = 0; i < CAPACITY; i++) if (cache.get(shuffled[i] as string) === VALUE) hits++;
  requireHits(hits);
}

function insertOurs(cache: PortableCache<string, object>, count: number): void {
  for (let i = 0; i < count; i++) cache.insert(keys[i] as string, VALUE);
}

function insertTheirs(cache: LRUCache<string, object>, count: number): void {
  for (let i = 0; i < count; i++) cache.set(keys[i] as string, VALUE);
}

async function readAwaiting(cache: PortableCache<string, object>): Promise<void> {
  let hits = 0;
  for (let i = 0; i < CAPACITY; i++) if ((await cache.get(shuffled[i] as string)) === VALUE) hits++;
  requireHits(hits);
}

async function readTyped(cache: TypedCache<string, object>): Promise<void> {
  let hits = 0;
  for (let i = 0; i < CAPACITY; i++) if ((await cache.get(shuffled[i] as string)) === VALUE) hits++;
  requireHits(hits);
}

/** Reads each key, over and over. */
async function getRatio(clock: Clock): Promise<number> {
  const [ours, theirs] = [portable(clock), lru(clock)];
  insertOurs(ours, CAPACITY);
  insertTheirs(theirs, CAPACITY);
  return (
    1 /
    (await ratio(
      () => {
        for (let pass = 0; pass < PASSES; pass++) readOurs(ours);
      },
      () => {
        for (let pass = 0; pass < PASSES; pass++) readTheirs(theirs);
      },
      READ_ROUNDS,
    ))
  );
}

/** Fills an empty cache. */
async function insertRatio(clock: Clock): Promise<number> {
  return (
    1 /
    (await ratio(
      () => insertOurs(portable(clock), CAPACITY),
      () => insertTheirs(lru(clock), CAPACITY),
      ROUNDS,
    ))
  );
}

/** Inserts into a full cache, each time a key that is not there. */
async function churnRatio(clock: Clock): Promise<number> {
  const [ours, theirs] = [portable(clock), lru(clock)];
  return (
    1 /
    (await ratio(
      () => insertOurs(ours, keys.length),
      () => insertTheirs(theirs, keys.length),
      ROUNDS,
    ))
  );
}

/** Reads with `await`, as callers of a cache that may be elsewhere write it. */
async function typedRatio(clock: Clock): Promise<number> {
  const plain = portable(clock);
  const typed = TypedCache.inProcess<string, object>({
    capacity: CAPACITY,
    ttlMs: TTL_MS,
    idleMs: TTL_MS,
    clock,
  });
  for (let i = 0; i < CAPACITY; i++) {
    plain.insert(keys[i] as string, VALUE);
    typed.insert(keys[i] as string, VALUE);
  }
  return await ratio(
    () => readTyped(typed),
    () => readAwaiting(plain),
    ROUNDS,
  );
}

const AGAINST = "lru-cache, same capacity, TTL and idle time";
const CLOCK = "one clock in memory for both";

export const entries: readonly BenchEntry[] = [
  {
    name: "portable_cache.get.ratio_vs_lru_cache",
    unit: "× throughput",
    limit: { min: 1.5 },
    against: `${AGAINST}, ${CLOCK}`,
    run: () => steady(() => getRatio(new FakeClock())),
  },
  {
    name: "portable_cache.insert.ratio_vs_lru_cache",
    unit: "× throughput",
    limit: { min: 1.1 },
    against: `${AGAINST}, ${CLOCK}`,
    run: () => steady(() => insertRatio(new FakeClock())),
  },
  {
    name: "portable_cache.churn_at_capacity.ratio_vs_lru_cache",
    unit: "× throughput",
    limit: { min: 1 },
    against: `${AGAINST}, ${CLOCK}`,
    run: () => steady(() => churnRatio(new FakeClock())),
  },
  {
    name: "portable_cache.system_clock",
    unit: "× throughput",
    against: `${AGAINST}, the host's clock for both, which is most of the cost`,
    run: async () => ({
      get: await steady(() => getRatio(systemClock)),
      insert: await steady(() => insertRatio(systemClock)),
      churn_at_capacity: await steady(() => churnRatio(systemClock)),
    }),
  },
  {
    name: "typed_cache.in_process.ratio_vs_portable",
    unit: "ratio",
    limit: { max: 1.1 },
    against: "PortableCache.get, with await on both sides",
    run: () => steady(() => typedRatio(new FakeClock())),
  },
];
