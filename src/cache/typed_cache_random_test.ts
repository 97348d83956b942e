import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Ending, ScriptedStore } from "../../test/support/cache/cache_store.ts";
import { dose } from "../../test/support/dose.ts";
import { fakeHost } from "../testing/mod.ts";
import { TypedCache } from "./mod.ts";

interface Value {
  readonly key: number;
  /** Sequence number among all changes of the test. */
  readonly change: number;
}

/** Sequences of 10 to 60 steps. */
const RUNS = dose({ short: 80, long: 3_000 });

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

/** One run of a script against a cache. */
class Run {
  readonly #host = fakeHost();
  readonly #store = new ScriptedStore();
  readonly #cache = TypedCache.overStore<number, Value>({
    store: this.#store,
    namespace: "group",
    host: this.#host,
    ttlMs: TTL_MS,
  });
  /** The last change of each key, and the time of its call. */
  readonly #changed = new Map<number, number>();
  readonly #insertedAtMs = new Map<number, number>();
  readonly #running: Promise<unknown>[] = [];
  #change = 0;
  hits = 0;

  async start(): Promise<void> {
    // Reads the epoch first, so that not every script begins with a wait for it.
    await this.#cache.get(0);
    this.#store.isProper = false;
  }

  async step(one: Step): Promise<void> {
    switch (one.do) {
      case "insert": {
        const value = this.#next(one.key);
        this.#changed.set(one.key, value.change);
        this.#running.push(Promise.resolve(this.#cache.insert(one.key, value)));
        break;
      }
      case "invalidate":
        this.#changed.set(one.key, this.#next(one.key).change + 0.5);
        this.#running.push(Promise.resolve(this.#cache.invalidate(one.key)));
        break;
      case "invalidateAll":
        for (const key of [0, 1]) this.#changed.set(key, this.#change + 0.5);
        this.#cache.invalidateAll();
        break;
      case "get":
        this.#running.push(this.#read(one.key, this.#cache.get(one.key)));
        break;
      case "getWith": {
        const load = async () => {
          const value = this.#next(one.key);
          await this.#store.pause();
          this.#insertedAtMs.set(value.change, this.#host.clock.nowMs());
          return value;
        };
        this.#running.push(this.#read(one.key, this.#cache.getWith(one.key, load), true));
        break;
      }
      case "advance":
        await this.#host.scheduler.advance(one.ms);
        break;
      case "end":
        this.#store.end(one.index, one.ending);
        break;
      case "behave":
        this.#store.behave();
        break;
      case "misbehave":
        this.#store.isProper = false;
        break;
    }
    await drained();
  }

  async finish(): Promise<void> {
    // Every call resolves, even if the store never answers.
    for (let i = 0; i < 20; i += 1) {
      for (let index = this.#store.calls.length - 1; index >= 0; index -= 1)
        if (this.#store.calls[index]?.operation === "pause") this.#store.end(index, "done");
      await this.#host.scheduler.advance(6_000);
      await drained();
    }
    await Promise.all(this.#running);
    // Once the store behaves, the cache works again.
    this.#store.behave();
    await drained();
    await this.#host.scheduler.advance(6_000);
    const value = this.#next(0);
    await this.#cache.insert(0, value);
    expect(await this.#cache.get(0)).toEqual(value);
    expect(await this.#cache.clear()).toBe(true);
    expect(await this.#cache.get(0)).toBeUndefined();
    this.#cache.close();
  }

  #next(key: number): Value {
    this.#change += 1;
    this.#insertedAtMs.set(this.#change, this.#host.clock.nowMs());
    return { key, change: this.#change };
  }

  async #read(
    key: number,
    answer: Value | undefined | Promise<Value | undefined>,
    joins = false,
  ): Promise<void> {
    const oldest = this.#changed.get(key) ?? 0;
    const askedAtMs = this.#host.clock.nowMs();
    const value = await answer;
    if (value === undefined) return;
    this.hits += 1;
    expect(value.key).toBe(key);
    expect(value.change).toBeGreaterThanOrEqual(oldest);
    // A caller that joins a running load gets its result, however long it has been running.
    if (!joins) expect(this.#insertedAtMs.get(value.change)).toBeGreaterThan(askedAtMs - TTL_MS);
  }
}

async function run(steps: readonly Step[]): Promise<number> {
  const script = new Run();
  await script.start();
  for (const one of steps) await script.step(one);
  await script.finish();
  return script.hits;
}

describe("TypedCache over a faulty store", () => {
  test("neither rejects nor hangs nor returns a value before a write", async () => {
    let hits = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        hits += await run(steps);
      }),
      { numRuns: RUNS },
    );
    // A cache that always misses would satisfy the property.
    expect(hits).toBeGreaterThan(RUNS / 3);
  });
});
