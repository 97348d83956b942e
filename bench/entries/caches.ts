import { LRUCache } from "lru-cache";
import QuickLRU from "quick-lru";
import { PortableCache, TypedCache } from "../../src/cache/mod.ts";
import { type Clock, systemClock } from "../../src/ports/mod.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import type { Comparison, Side } from "../harness/compare.ts";
import type { BenchEntry } from "../harness/entry.ts";

/** Default capacity and idle time of the LID mappings, the largest cache, which each message reads. */
const CAPACITY = 10_000;
const TTL_MS = 3_600_000;

/** Realistic keys, twice as many as the capacity. */
const keys: readonly string[] = Array.from(
  { length: 2 * CAPACITY },
  (_, index) => `55119${String((index * 7_919) % 100_000_000).padStart(8, "0")}`,
);

/** The cached keys in shuffled order. */
const shuffled: readonly string[] = Array.from(
  { length: CAPACITY },
  (_, index) => keys[(index * 6_151) % CAPACITY] as string,
);

/**
 * Passes over all keys in one turn of reading. The first refills the processor's caches after the other side.
 */
const READ_PASSES = 5;

/** Number of caches filled in one turn. They are created before it, so that constructors are not timed. */
const FILLED_PER_TURN = 4;

const VALUE = { lid: "100000000000001", createdAt: 1 };

/** Throws if a pass did not find every key with its value. */
function requireHits(hits: number): void {
  if (hits !== CAPACITY) throw new Error(`${CAPACITY - hits} entries were not found`);
}

type Portable = PortableCache<string, object>;
type Lru = LRUCache<string, object>;
type Quick = QuickLRU<string, object>;

// The timed functions. Each class has its own, so that the engine compiles it for one class. They use an
// index instead of `for (const key of shuffled)`, because an iterator costs between nothing and a third of a
// read, depending on when the engine compiled it.

function readPortable(cache: Portable): void {
  let hits = 0;
  for (let i = 0; i < CAPACITY; i++) if (cache.get(shuffled[i] as string) === VALUE) hits++;
  requireHits(hits);
}

function readLru(cache: Lru): void {
  let hits = 0;
  for (let i = 0; i < CAPACITY; i++) if (cache.get(shuffled[i] as string) === VALUE) hits++;
  requireHits(hits);
}

function readQuick(cache: Quick): void {
  let hits = 0;
  for (let i = 0; i < CAPACITY; i++) if (cache.get(shuffled[i] as string) === VALUE) hits++;
  requireHits(hits);
}

function fillPortable(cache: Portable, count: number): void {
  for (let i = 0; i < count; i++) cache.insert(keys[i] as string, VALUE);
}

function fillLru(cache: Lru, count: number): void {
  for (let i = 0; i < count; i++) cache.set(keys[i] as string, VALUE);
}

function fillQuick(cache: Quick, count: number): void {
  for (let i = 0; i < count; i++) cache.set(keys[i] as string, VALUE);
}

async function readAwaiting(cache: Portable): Promise<void> {
  let hits = 0;
  for (let i = 0; i < CAPACITY; i++) if ((await cache.get(shuffled[i] as string)) === VALUE) hits++;
  requireHits(hits);
}

async function readTyped(cache: TypedCache<string, object>): Promise<void> {
  let hits = 0;
  for (let i = 0; i < CAPACITY; i++) if ((await cache.get(shuffled[i] as string)) === VALUE) hits++;
  requireHits(hits);
}

/** A class of caches with its settings, and the functions that drive it. */
interface Kind<C> {
  make(): C;
  read(cache: C): void;
  fill(cache: C, count: number): void;
}

function portable(options: { clock: Clock; ttlMs?: number; idleMs?: number }): Kind<Portable> {
  return {
    make: () => new PortableCache({ capacity: CAPACITY, ...options }),
    read: readPortable,
    fill: fillPortable,
  };
}

/** With a time to live and an idle time. */
function expiring(clock: Clock): Kind<Portable> {
  return portable({ clock, ttlMs: TTL_MS, idleMs: TTL_MS });
}

/** Bounded by its capacity alone. */
function bounded(): Kind<Portable> {
  return portable({ clock: systemClock });
}

/**
 * lru-cache keeps one time per entry. With `updateAgeOnGet` it is an idle time. Ours also checks the time to
 * live; lru-cache cannot have both.
 */
function lruExpiring(clock: Clock): Kind<Lru> {
  const options = { max: CAPACITY, ttl: TTL_MS, updateAgeOnGet: true, perf: { now: () => clock.nowMs() } };
  return { make: () => new LRUCache(options), read: readLru, fill: fillLru };
}

function lruBounded(): Kind<Lru> {
  return { make: () => new LRUCache({ max: CAPACITY }), read: readLru, fill: fillLru };
}

/** Holds between one and two times its size: it has two generations. */
function quickBounded(): Kind<Quick> {
  return { make: () => new QuickLRU({ maxSize: CAPACITY }), read: readQuick, fill: fillQuick };
}

/** Reads each key repeatedly. */
function reading<C>({ make, read, fill }: Kind<C>): Side {
  const cache = make();
  fill(cache, CAPACITY);
  return {
    run: () => {
      for (let pass = 0; pass < READ_PASSES; pass++) read(cache);
    },
  };
}

/** Fills empty caches. */
function filling<C>({ make, fill }: Kind<C>): Side {
  let empty: C[] = [];
  return {
    prepare: () => {
      empty = Array.from({ length: FILLED_PER_TURN }, make);
    },
    run: () => {
      for (const cache of empty) fill(cache, CAPACITY);
    },
  };
}

/** Inserts absent keys into a full cache. */
function churning<C>({ make, fill }: Kind<C>): Side {
  const cache = make();
  fill(cache, keys.length);
  return { run: () => fill(cache, keys.length) };
}

interface Step {
  readonly name: string;
  readonly side: <C>(kind: Kind<C>) => Side;
}

const GET: Step = { name: "get", side: reading };
const INSERT: Step = { name: "insert", side: filling };
const CHURN: Step = { name: "churn_at_capacity", side: churning };

/** More than the default, since the engine recompiles both sides repeatedly at first. */
const CPU_MS = { warmUpCpuMs: 800, minCpuMs: 500 };

/** Throughput of a step, ours ÷ theirs. */
function throughput<A, B>(
  { name, side }: Step,
  other: { readonly suffix: string; readonly against: string; readonly limit?: { readonly min: number } },
  kinds: () => readonly [ours: Kind<A>, theirs: Kind<B>],
): BenchEntry {
  const { suffix, against, limit } = other;
  return {
    name: `portable_cache.${name}.${suffix}`,
    kind: "ratio",
    unit: "× throughput",
    ...(limit && { limit }),
    against,
    open: () => {
      const [ours, theirs] = kinds();
      return { ours: side(ours), theirs: side(theirs), ...CPU_MS };
    },
  };
}

const EXPIRING = "lru-cache, same capacity, TTL and idle time";
const WITH_FAKE_CLOCK = {
  suffix: "ratio_vs_lru_cache",
  against: `${EXPIRING}, one clock in memory for both`,
};
const WITH_SYSTEM_CLOCK = {
  suffix: "system_clock_ratio_vs_lru_cache",
  against: `${EXPIRING}, the host's clock for both, which is most of the cost`,
};
const MAX_ONLY = {
  suffix: "ratio_vs_lru_cache_max_only",
  against: "lru-cache, both with a capacity and no expiry",
};
const QUICK = {
  suffix: "ratio_vs_quick_lru",
  against: "quick-lru, both with a capacity and no expiry; it holds up to twice its size",
};

/** Both with the same clock. */
function expiringPair(makeClock: () => Clock): () => readonly [Kind<Portable>, Kind<Lru>] {
  return () => {
    const clock = makeClock();
    return [expiring(clock), lruExpiring(clock)];
  };
}

const fakeClock = expiringPair(() => new FakeClock());
const hostClock = expiringPair(() => systemClock);

/** Reads with `await`, as callers of a possibly shared cache do. */
function typedComparison(): Comparison {
  const options = { capacity: CAPACITY, ttlMs: TTL_MS, idleMs: TTL_MS, clock: new FakeClock() };
  const plain = new PortableCache<string, object>(options);
  const typed = TypedCache.inProcess<string, object>(options);
  for (const key of shuffled) {
    plain.insert(key, VALUE);
    typed.insert(key, VALUE);
  }
  return { ours: { run: () => readTyped(typed) }, theirs: { run: () => readAwaiting(plain) }, ...CPU_MS };
}

export const entries: readonly BenchEntry[] = [
  throughput(GET, { ...WITH_FAKE_CLOCK, limit: { min: 1.5 } }, fakeClock),
  throughput(INSERT, { ...WITH_FAKE_CLOCK, limit: { min: 1.1 } }, fakeClock),
  throughput(CHURN, { ...WITH_FAKE_CLOCK, limit: { min: 1 } }, fakeClock),
  ...[GET, INSERT, CHURN].flatMap((step) => [
    throughput(step, WITH_SYSTEM_CLOCK, hostClock),
    throughput(step, MAX_ONLY, () => [bounded(), lruBounded()]),
    throughput(step, QUICK, () => [bounded(), quickBounded()]),
  ]),
  {
    name: "typed_cache.in_process.ratio_vs_portable",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 1.1 },
    against: "PortableCache.get, with await on both sides",
    open: typedComparison,
  },
];
