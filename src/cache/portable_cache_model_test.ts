import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FakeClock } from "../testing/mod.ts";
import { type EvictionReason, PortableCache } from "./mod.ts";

interface ModelEntry {
  readonly key: number;
  value: number;
  writtenMs: number;
  usedMs: number;
}

interface Limits {
  readonly capacity: number;
  readonly ttlMs: number | undefined;
  readonly idleMs: number | undefined;
}

/**
 * A model of the cache: a plain list in order of insertion. The cache alone decides when it frees an expired
 * entry, within the bound of `mustBeFree`. The model follows the listener's calls for that and checks that
 * each is correct.
 */
class Model {
  readonly entries: ModelEntry[] = [];
  nowMs = 0;
  readonly #limits: Limits;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  expiresAtMs(entry: ModelEntry): number {
    const { ttlMs = Infinity, idleMs = Infinity } = this.#limits;
    return Math.min(entry.writtenMs + ttlMs, entry.usedMs + idleMs);
  }

  isExpired(entry: ModelEntry): boolean {
    return this.nowMs >= this.expiresAtMs(entry);
  }

  live(key: number): ModelEntry | undefined {
    return this.entries.find((entry) => entry.key === key && !this.isExpired(entry));
  }

  get(key: number): number | undefined {
    const entry = this.live(key);
    if (entry !== undefined) entry.usedMs = this.nowMs;
    return entry?.value;
  }

  /** Applies a call of the real cache's listener. */
  left(key: number, value: number, reason: EvictionReason): void {
    const index = this.entries.findIndex((entry) => entry.key === key && entry.value === value);
    const entry = this.entries[index];
    if (entry === undefined) throw new Error(`${key} left as ${reason} and was not there`);
    expect(this.isExpired(entry)).toBe(reason === "expired");
    if (reason === "capacity") expect(index).toBe(0);
    if (reason !== "replaced") this.entries.splice(index, 1);
  }

  insert(key: number, value: number): void {
    const present = this.entries.find((entry) => entry.key === key);
    if (present !== undefined) {
      expect(this.isExpired(present)).toBe(false);
      Object.assign(present, { value, writtenMs: this.nowMs, usedMs: this.nowMs });
    } else if (this.#limits.capacity > 0) {
      this.entries.push({ key, value, writtenMs: this.nowMs, usedMs: this.nowMs });
    }
  }

  /**
   * Whether the cache must have freed an entry after checking all due ones: it expired at least one period
   * ago.
   */
  mustBeFree(entry: ModelEntry): boolean {
    const { ttlMs = Infinity, idleMs } = this.#limits;
    const lateMs = idleMs === undefined ? 0 : Math.min(ttlMs, idleMs);
    return this.nowMs >= this.expiresAtMs(entry) + lateMs;
  }
}

type Step =
  | { readonly do: "insert" | "get" | "has" | "remove" | "getOrInsert"; readonly key: number }
  | { readonly do: "advance" | "stepBack"; readonly ms: number }
  | { readonly do: "invalidateAll" | "iter" | "entryCount" };

const key = fc.integer({ min: 0, max: 11 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("insert" as const), key }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("get" as const), key }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("has" as const, "remove" as const, "getOrInsert" as const),
      key,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.integer({ min: 0, max: 60 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("stepBack" as const), ms: fc.integer({ min: 1, max: 5_000 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("iter" as const, "entryCount" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("invalidateAll" as const) }) },
);

const expiry = fc.option(fc.integer({ min: 1, max: 120 }), { nil: undefined });
const limits: fc.Arbitrary<Limits> = fc.record({
  capacity: fc.constantFrom(0, 1, 2, 5, 8, 100),
  ttlMs: expiry,
  idleMs: expiry,
});

/** Runs the steps on the model and on caches with and without a listener, which use different code paths. */
function run(of: Limits, steps: readonly Step[]): void {
  const clock = new FakeClock(1_000_000);
  const model = new Model(of);
  let refused: number | undefined;
  const heard = new PortableCache<number, number>({
    ...of,
    clock,
    onEvict: (key, value, reason) => {
      if (of.capacity === 0) {
        expect(reason).toBe("capacity");
        refused = value;
        return;
      }
      // The new entry is present when the listener is called for the old one.
      if (reason === "capacity") expect(model.entries.length).toBe(of.capacity);
      model.left(key, value, reason);
    },
  });
  const unheard = new PortableCache<number, number>({ ...of, clock });
  const present = () => model.entries.filter((entry) => !model.isExpired(entry));
  let value = 0;
  for (const next of steps) {
    switch (next.do) {
      case "insert":
        value += 1;
        heard.insert(next.key, value);
        unheard.insert(next.key, value);
        model.insert(next.key, value);
        if (of.capacity === 0) expect(refused).toBe(value);
        break;
      case "getOrInsert": {
        const fresh = value + 1;
        const expected = model.get(next.key);
        const got = heard.getOrInsert(next.key, () => fresh);
        expect(got).toBe(expected ?? fresh);
        expect(unheard.getOrInsert(next.key, () => fresh)).toBe(got);
        if (expected === undefined) model.insert(next.key, fresh);
        value = fresh;
        break;
      }
      case "get": {
        const expected = model.get(next.key);
        expect(heard.get(next.key)).toBe(expected);
        expect(unheard.get(next.key)).toBe(expected);
        break;
      }
      case "has":
        expect(heard.has(next.key)).toBe(model.live(next.key) !== undefined);
        expect(unheard.has(next.key)).toBe(model.live(next.key) !== undefined);
        break;
      case "remove": {
        const expected = model.live(next.key)?.value;
        expect(heard.remove(next.key)).toBe(expected);
        expect(unheard.remove(next.key)).toBe(expected);
        expect(model.entries.some((entry) => entry.key === next.key)).toBe(false);
        break;
      }
      case "advance":
        clock.advance(next.ms);
        model.nowMs += next.ms;
        break;
      case "stepBack":
        // The caches read the clock before and after: they cannot notice a step back that they do not read.
        for (const cache of [heard, unheard]) cache.iter();
        clock.set(clock.nowMs() - next.ms);
        for (const cache of [heard, unheard]) cache.iter();
        break;
      case "invalidateAll":
        heard.invalidateAll();
        unheard.invalidateAll();
        expect(model.entries).toEqual([]);
        break;
      case "iter": {
        const expected = present().map((entry) => [entry.key, entry.value]);
        expect(heard.iter()).toEqual(expected);
        expect(unheard.iter()).toEqual(expected);
        break;
      }
      case "entryCount": {
        const count = heard.entryCount();
        expect(unheard.entryCount()).toBe(count);
        expect(count).toBe(model.entries.length);
        expect(model.entries.filter((entry) => model.mustBeFree(entry))).toEqual([]);
        break;
      }
    }
    expect(model.entries.length).toBeLessThanOrEqual(of.capacity);
  }
  expect(heard.iter()).toEqual(present().map((entry) => [entry.key, entry.value]));
}

describe("PortableCache against a model", () => {
  test("agrees for any sequence of operations and clock moves", () => {
    fc.assert(fc.property(limits, fc.array(step, { maxLength: 120 }), run), { numRuns: 1_500 });
  });

  test("agrees while the table grows and shrinks many times", () => {
    const manyKeys = fc.integer({ min: 0, max: 600 });
    const burst = fc.record({
      insert: fc.array(manyKeys, { maxLength: 500 }),
      remove: fc.array(manyKeys, { maxLength: 400 }),
      advanceMs: fc.integer({ min: 0, max: 90 }),
    });
    fc.assert(
      fc.property(fc.array(burst, { minLength: 3, maxLength: 8 }), (bursts) => {
        const steps: Step[] = bursts.flatMap(({ insert, remove, advanceMs }) => [
          ...insert.map((key): Step => ({ do: "insert", key })),
          ...remove.map((key): Step => ({ do: "remove", key })),
          { do: "advance", ms: advanceMs },
          ...remove.map((key): Step => ({ do: "get", key })),
          { do: "entryCount" },
          { do: "iter" },
        ]);
        run({ capacity: 400, ttlMs: 200, idleMs: 150 }, steps);
      }),
      { numRuns: 25 },
    );
  });

  test("never evicts held entries and returns to its capacity later", () => {
    const heldStep = fc.record({
      key: fc.integer({ min: 0, max: 20 }),
      act: fc.constantFrom("take" as const, "let go" as const),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.array(heldStep, { maxLength: 80 }),
        (capacity, steps) => {
          const held = new Set<object>();
          const locks = new Map<number, object>();
          const cache = new PortableCache<number, object>({
            capacity,
            clock: new FakeClock(),
            isHeld: (_key, lock) => held.has(lock),
            onEvict: (_key, lock, reason) => {
              expect(reason).toBe("capacity");
              expect(held.has(lock)).toBe(false);
            },
          });
          for (const { key, act } of steps) {
            const before = locks.get(key);
            const lock = cache.getOrInsert(key, () => ({ key }));
            if (before !== undefined && held.has(before)) expect(lock).toBe(before);
            locks.set(key, lock);
            if (act === "take") held.add(lock);
            else held.delete(lock);
            for (const one of held) expect(cache.iter().some(([, value]) => value === one)).toBe(true);
          }
          held.clear();
          for (let key = 100; key < 125; key += 1) cache.insert(key, { key });
          expect(cache.entryCount()).toBe(capacity);
        },
      ),
      { numRuns: 400 },
    );
  });
});
