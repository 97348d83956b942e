import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Ending, ScriptedStore } from "../../test/support/cache/cache_store.ts";
import { fakeHost } from "../testing/mod.ts";
import { TypedCache } from "./mod.ts";

interface Value {
  readonly key: number;
  /** Sequence number among all changes of the test. */
  readonly change: number;
}

const TTL_MS = 30_000;

type Step =
  | { readonly do: "insert" | "invalidate" | "get" | "getWith"; readonly key: number }
  | { readonly do: "invalidateAll" }
  | { readonly do: "advance"; readonly ms: number }
  | { readonly do: "end"; readonly index: number; readonly ending: Ending }
  | { readonly do: "behave" | "misbehave" };

const key = fc.integer({ min: 0, max: 1 });
const ending = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Ending>("done") },
  { weight: 3, arbitrary: fc.constant<Ending>("begun") },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Ending>("refused", "done, answered as refused", "torn", "foreign", "nonsense"),
  },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom("insert" as const, "invalidate" as const, "get" as const, "getWith" as const),
      key,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("invalidateAll" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("advance" as const),
      ms: fc.constantFrom(1, 400, 1_000, 6_000, 31_000),
    }),
  },
  { weight: 10, arbitrary: fc.record({ do: fc.constant("end" as const), index: fc.nat(20), ending }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("behave" as const, "misbehave" as const) }) },
);

async function drained(): Promise<void> {
  for (let turn = 0; turn < 40; turn += 1) await Promise.resolve();
}

async function run(steps: readonly Step[]): Promise<number> {
  const host = fakeHost();
  const store = new ScriptedStore();
  const cache = TypedCache.overStore<number, Value>({ store, namespace: "group", host, ttlMs: TTL_MS });
  /** The last change of each key, and the time of its call. */
  const changed = new Map<number, number>();
  const insertedAtMs = new Map<number, number>();
  const running: Promise<unknown>[] = [];
  let change = 0;
  let hits = 0;
  const next = (key: number): Value => {
    change += 1;
    insertedAtMs.set(change, host.clock.nowMs());
    return { key, change };
  };
  const read = async (key: number, answer: Value | undefined | Promise<Value | undefined>, joins = false) => {
    const oldest = changed.get(key) ?? 0;
    const askedAtMs = host.clock.nowMs();
    const value = await answer;
    if (value === undefined) return;
    hits += 1;
    expect(value.key).toBe(key);
    expect(value.change).toBeGreaterThanOrEqual(oldest);
    // A caller that joins a running load gets its result, however long it has been running.
    if (!joins) expect(insertedAtMs.get(value.change)).toBeGreaterThan(askedAtMs - TTL_MS);
  };
  // Reads the epoch first, so that not every script begins with a wait for it.
  await cache.get(0);
  store.isProper = false;
  for (const one of steps) {
    switch (one.do) {
      case "insert": {
        const value = next(one.key);
        changed.set(one.key, value.change);
        running.push(Promise.resolve(cache.insert(one.key, value)));
        break;
      }
      case "invalidate":
        changed.set(one.key, next(one.key).change + 0.5);
        running.push(Promise.resolve(cache.invalidate(one.key)));
        break;
      case "invalidateAll":
        for (const key of [0, 1]) changed.set(key, change + 0.5);
        cache.invalidateAll();
        break;
      case "get":
        running.push(read(one.key, cache.get(one.key)));
        break;
      case "getWith": {
        const load = async () => {
          const value = next(one.key);
          await store.pause();
          insertedAtMs.set(value.change, host.clock.nowMs());
          return value;
        };
        running.push(read(one.key, cache.getWith(one.key, load), true));
        break;
      }
      case "advance":
        await host.scheduler.advance(one.ms);
        break;
      case "end":
        store.end(one.index, one.ending);
        break;
      case "behave":
        store.behave();
        break;
      case "misbehave":
        store.isProper = false;
        break;
    }
    await drained();
  }
  // Every call resolves, even if the store never answers.
  for (let i = 0; i < 20; i += 1) {
    for (let index = store.calls.length - 1; index >= 0; index -= 1)
      if (store.calls[index]?.operation === "pause") store.end(index, "done");
    await host.scheduler.advance(6_000);
    await drained();
  }
  await Promise.all(running);
  // Once the store behaves, the cache works again.
  store.behave();
  await drained();
  await host.scheduler.advance(6_000);
  const value = next(0);
  await cache.insert(0, value);
  expect(await cache.get(0)).toEqual(value);
  expect(await cache.clear()).toBe(true);
  expect(await cache.get(0)).toBeUndefined();
  cache.close();
  return hits;
}

describe("TypedCache over a faulty store", () => {
  test("neither rejects nor hangs nor returns a value before a write", async () => {
    let hits = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        hits += await run(steps);
      }),
      { numRuns: 3_000 },
    );
    // A cache that always misses would satisfy the property.
    expect(hits).toBeGreaterThan(1_000);
  });
});
