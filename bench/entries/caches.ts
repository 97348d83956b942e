import { LRUCache } from "lru-cache";
import { PortableCache, TypedCache } from "../../src/cache/mod.ts";
import { type Clock, systemClock } from "../../src/ports/mod.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import { type BenchEntry, ratio } from "../bench.ts";

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

/** One pass over the whole cache, each key read once, all of them hits. */
function reads(cache: { get(key: string): unknown }): () => void {
  return () => {
    let hits = 0;
    for (let index = 0; index < CAPACITY; index++)
      if (cache.get(keys[shuffled[index] as number] as string) === VALUE) hits++;
    if (hits !== CAPACITY) throw new Error(`${CAPACITY - hits} entries were not found`);
  };
}

async function getRatio(clock: Clock): Promise<number> {
  const [ours, theirs] = [portable(clock), lru(clock)];
  for (let index = 0; index < CAPACITY; index++) {
    ours.insert(keys[index] as string, VALUE);
    theirs.set(keys[index] as string, VALUE);
  }
  return 1 / (await ratio(reads(ours), reads(theirs), { rounds: 41 }));
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
      { rounds: 41 },
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
      { rounds: 41 },
    ))
  );
}

/** One pass over the whole cache with `await` on each read, as callers of a cache that may be elsewhere write it. */
async function awaitedReads(cache: { get(key: string): unknown }): Promise<void> {
  let hits = 0;
  for (let index = 0; index < CAPACITY; index++)
    if ((await cache.get(keys[shuffled[index] as number] as string)) === VALUE) hits++;
  if (hits !== CAPACITY) throw new Error(`${CAPACITY - hits} entries were not found`);
}

async function typedRatio(clock: Clock): Promise<number> {
  const plain = portable(clock);
  const typed = TypedCache.inProcess<string, object>({
    capacity: CAPACITY,
    ttlMs: TTL_MS,
    idleMs: TTL_MS,
    clock,
  });
  for (const cache of [plain, typed])
    for (let index = 0; index < CAPACITY; index++) cache.insert(keys[index] as string, VALUE);
  return await ratio(
    () => awaitedReads(typed),
    () => awaitedReads(plain),
    { rounds: 41 },
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
    run: () => getRatio(new FakeClock()),
  },
  {
    name: "portable_cache.insert.ratio_vs_lru_cache",
    unit: "× throughput",
    limit: { min: 1.1 },
    against: `${AGAINST}, ${CLOCK}`,
    run: () => insertRatio(new FakeClock()),
  },
  {
    name: "portable_cache.churn_at_capacity.ratio_vs_lru_cache",
    unit: "× throughput",
    limit: { min: 1 },
    against: `${AGAINST}, ${CLOCK}`,
    run: () => churnRatio(new FakeClock()),
  },
  {
    name: "portable_cache.system_clock",
    unit: "× throughput",
    against: `${AGAINST}, the host's clock for both, which is most of the cost`,
    run: async () => ({
      get: await getRatio(systemClock),
      insert: await insertRatio(systemClock),
      churn_at_capacity: await churnRatio(systemClock),
    }),
  },
  {
    name: "typed_cache.in_process.ratio_vs_portable",
    unit: "ratio",
    limit: { max: 1.1 },
    against: "PortableCache.get, with await on both sides",
    run: () => typedRatio(new FakeClock()),
  },
];
