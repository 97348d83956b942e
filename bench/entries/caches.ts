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

/** Each index below the capacity once, far from its neighbours. */
const shuffled: readonly number[] = Array.from(
  { length: CAPACITY },
  (_, index) => (index * 6_151) % CAPACITY,
);

/** Many rounds, each shorter than a slice of the processor's time: what else the machine does then spoils few of them. */
const ROUNDS = { rounds: 251, minMs: 0.5 };

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

/** Reads each key once. Each side has a loop of its own, so that the engine knows in each which cache it calls. */
async function getRatio(clock: Clock): Promise<number> {
  const [ours, theirs] = [portable(clock), lru(clock)];
  for (let index = 0; index < CAPACITY; index++) {
    ours.insert(keys[index] as string, VALUE);
    theirs.set(keys[index] as string, VALUE);
  }
  return (
    1 /
    (await ratio(
      () => {
        let hits = 0;
        for (const index of shuffled) if (ours.get(keys[index] as string) === VALUE) hits++;
        requireHits(hits);
      },
      () => {
        let hits = 0;
        for (const index of shuffled) if (theirs.get(keys[index] as string) === VALUE) hits++;
        requireHits(hits);
      },
      ROUNDS,
    ))
  );
}

/** Fills an empty cache. */
async function insertRatio(clock: Clock): Promise<number> {
  return (
    1 /
    (await ratio(
      () => {
        const cache = portable(clock);
        for (let index = 0; index < CAPACITY; index++) cache.insert(keys[index] as string, VALUE);
      },
      () => {
        const cache = lru(clock);
        for (let index = 0; index < CAPACITY; index++) cache.set(keys[index] as string, VALUE);
      },
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
      () => {
        for (const key of keys) ours.insert(key, VALUE);
      },
      () => {
        for (const key of keys) theirs.set(key, VALUE);
      },
      ROUNDS,
    ))
  );
}

/** As {@link getRatio}, with `await` on each read, as callers of a cache that may be elsewhere write it. */
async function typedRatio(clock: Clock): Promise<number> {
  const plain = portable(clock);
  const typed = TypedCache.inProcess<string, object>({
    capacity: CAPACITY,
    ttlMs: TTL_MS,
    idleMs: TTL_MS,
    clock,
  });
  for (let index = 0; index < CAPACITY; index++) {
    plain.insert(keys[index] as string, VALUE);
    typed.insert(keys[index] as string, VALUE);
  }
  return await ratio(
    async () => {
      let hits = 0;
      for (const index of shuffled) if ((await typed.get(keys[index] as string)) === VALUE) hits++;
      requireHits(hits);
    },
    async () => {
      let hits = 0;
      for (const index of shuffled) if ((await plain.get(keys[index] as string)) === VALUE) hits++;
      requireHits(hits);
    },
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
