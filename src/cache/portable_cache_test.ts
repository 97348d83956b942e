import { describe, expect, test } from "vitest";
import { FakeClock, RecordingLogger } from "../testing/mod.ts";
import { PortableCache, type PortableCacheOptions } from "./mod.ts";

function cacheOf<V>(options: Partial<PortableCacheOptions<string, V>> = {}): {
  readonly cache: PortableCache<string, V>;
  readonly clock: FakeClock;
} {
  const clock = new FakeClock();
  return { clock, cache: new PortableCache<string, V>({ capacity: 10, clock, ...options }) };
}

/** A load that the test resolves or rejects. */
function pending<V>(): {
  readonly promise: Promise<V>;
  readonly resolve: (value: V) => void;
  readonly reject: (error: unknown) => void;
} {
  let resolve: (value: V) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<V>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

describe("PortableCache expiry", () => {
  test("expires an entry at its time to live, inclusive", () => {
    const { cache, clock } = cacheOf<number>({ ttlMs: 100 });
    cache.insert("a", 1);
    clock.advance(99);
    expect(cache.get("a")).toBe(1);
    clock.advance(1);
    expect(cache.get("a")).toBeUndefined();
  });

  test("restarts the idle time on a read, not the time to live", () => {
    const { cache, clock } = cacheOf<number>({ ttlMs: 250, idleMs: 100 });
    cache.insert("a", 1);
    for (let i = 0; i < 4; i++) {
      clock.advance(60);
      expect(cache.get("a")).toBe(1);
    }
    clock.advance(9);
    expect(cache.has("a")).toBe(true);
    clock.advance(1);
    expect(cache.get("a")).toBeUndefined();
  });

  test("does not count has and iter as reads", () => {
    const { cache, clock } = cacheOf<number>({ idleMs: 100 });
    cache.insert("a", 1);
    clock.advance(60);
    expect(cache.has("a")).toBe(true);
    expect(cache.iter()).toEqual([["a", 1]]);
    clock.advance(40);
    expect(cache.get("a")).toBeUndefined();
  });

  test("restarts both times and keeps the order on overwriting", () => {
    const { cache, clock } = cacheOf<number>({ capacity: 2, ttlMs: 100 });
    cache.insert("a", 1);
    clock.advance(60);
    cache.insert("b", 1);
    cache.insert("a", 2);
    clock.advance(60);
    expect(cache.get("a")).toBe(2);
    cache.insert("c", 1);
    expect(cache.iter().map(([key]) => key)).toEqual(["b", "c"]);
  });

  test("neither extends nor expires entries when the clock steps back", () => {
    const { cache, clock } = cacheOf<number>({ ttlMs: 100 });
    cache.insert("a", 1);
    clock.advance(50);
    expect(cache.get("a")).toBe(1);
    clock.set(clock.nowMs() - 1_000_000);
    expect(cache.get("a")).toBe(1);
    clock.advance(49);
    expect(cache.get("a")).toBe(1);
    clock.advance(1);
    expect(cache.get("a")).toBeUndefined();
  });

  test("continues when the clock steps back to an earlier reading", () => {
    const { cache, clock } = cacheOf<number>({ ttlMs: 100 });
    const startMs = clock.nowMs();
    cache.insert("a", 1);
    clock.advance(100);
    expect(cache.has("a")).toBe(false);
    clock.set(startMs);
    expect(cache.get("a")).toBeUndefined();
    cache.insert("b", 2);
    clock.advance(99);
    expect(cache.get("b")).toBe(2);
    clock.advance(1);
    expect(cache.get("b")).toBeUndefined();
  });

  test("frees a few expired entries with each call", () => {
    const freed: string[] = [];
    const { cache, clock } = cacheOf<number>({
      capacity: 5_000,
      ttlMs: 100,
      onEvict: (key) => freed.push(key),
    });
    for (let i = 0; i < 4_000; i++) cache.insert(`old ${i}`, i);
    clock.advance(100);
    cache.get("other");
    expect(freed).toHaveLength(4);
    for (let i = 0; i < 999; i++) cache.get("other");
    expect(freed).toHaveLength(4_000);
  });

  test("drops its references to freed values", async () => {
    const { cache, clock } = cacheOf<object>({ capacity: 1_000, ttlMs: 100 });
    const references: WeakRef<object>[] = [];
    for (let i = 0; i < 1_000; i++) {
      const value = { i };
      references.push(new WeakRef(value));
      cache.insert(`${i}`, value);
    }
    clock.advance(100);
    expect(cache.entryCount()).toBe(0);
    const collect = (globalThis as { gc?: () => void }).gc ?? (await exposedCollector());
    await new Promise<void>((resolve) => setImmediate(resolve));
    collect();
    expect(references.filter((reference) => reference.deref() !== undefined).length).toBeLessThan(10);
  });
});

async function exposedCollector(): Promise<() => void> {
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

describe("PortableCache onEvict", () => {
  test("reports each reason", () => {
    const heard: unknown[] = [];
    const { cache, clock } = cacheOf<number>({
      capacity: 2,
      ttlMs: 100,
      onEvict: (...event) => heard.push(event),
    });
    cache.insert("a", 1);
    cache.insert("a", 2);
    cache.insert("b", 3);
    cache.insert("c", 4);
    expect(cache.remove("b")).toBe(3);
    clock.advance(100);
    expect(cache.remove("c")).toBeUndefined();
    cache.insert("d", 5);
    cache.invalidateAll();
    expect(heard).toEqual([
      ["a", 1, "replaced"],
      ["a", 2, "capacity"],
      ["b", 3, "removed"],
      ["c", 4, "expired"],
      ["d", 5, "removed"],
    ]);
  });

  test("lets the listener use the complete cache", () => {
    const { cache, clock } = cacheOf<number>({ capacity: 3, ttlMs: 100 });
    const listening = new PortableCache<string, number>({
      capacity: 3,
      ttlMs: 100,
      clock,
      onEvict: (key, value, reason) => {
        cache.insert(key, value);
        if (reason === "expired" && value < 100) listening.insert(key, value + 100);
        expect(listening.entryCount()).toBeLessThanOrEqual(3);
      },
    });
    for (const key of ["a", "b", "c", "d", "e"]) listening.insert(key, 1);
    clock.advance(100);
    listening.insert("c", 2);
    expect(listening.get("c")).toBe(2);
    expect(listening.get("d")).toBe(101);
    expect(
      listening
        .iter()
        .map(([key]) => key)
        .sort(),
    ).toEqual(["c", "d", "e"]);
  });

  test("logs the listener's error and does not throw it", () => {
    const logger = new RecordingLogger();
    const { cache } = cacheOf<number>({
      logger,
      onEvict: () => {
        throw new RangeError("secret");
      },
    });
    cache.insert("a", 1);
    expect(cache.remove("a")).toBe(1);
    expect(logger.messages("error")).toHaveLength(1);
    expect(logger.text).not.toContain("secret");
  });
});

describe("PortableCache.getWith", () => {
  test("shares loads and stores nothing with capacity 0", async () => {
    const { cache } = cacheOf<number>({ capacity: 0 });
    let loads = 0;
    const load = async () => ++loads;
    expect(await Promise.all([cache.getWith("a", load), cache.getWith("a", load)])).toEqual([1, 1]);
    expect(await cache.getWith("a", load)).toBe(2);
    expect(cache.entryCount()).toBe(0);
  });

  test("shares one load between concurrent callers and caches it", async () => {
    const { cache } = cacheOf<string>();
    const load = pending<string>();
    let loads = 0;
    const both = Promise.all(
      [1, 2, 3].map(() =>
        cache.getWith("a", () => {
          loads += 1;
          return load.promise;
        }),
      ),
    );
    load.resolve("value");
    expect(await both).toEqual(["value", "value", "value"]);
    expect(await cache.getWith("a", () => "not called")).toBe("value");
    expect(loads).toBe(1);
  });

  test("rejects all callers with the error, which is not cached", async () => {
    const { cache } = cacheOf<string>();
    const outcomes = await Promise.allSettled([
      cache.getWith("a", () => Promise.reject(new Error("boom"))),
      cache.getWith("a", () => "not called"),
      cache.getWith("b", () => {
        throw new Error("thrown at once");
      }),
    ]);
    expect(outcomes.map((outcome) => outcome.status === "rejected" && outcome.reason.message)).toEqual([
      "boom",
      "boom",
      "thrown at once",
    ]);
    expect(await cache.getWith("a", () => "second")).toBe("second");
  });

  test("shares a load that finds nothing and does not cache it", async () => {
    const { cache } = cacheOf<string>();
    expect(await cache.getWith("a", async () => undefined)).toBeUndefined();
    expect(cache.entryCount()).toBe(0);
    expect(await cache.getWith("a", () => "there now")).toBe("there now");
  });

  for (const change of ["insert", "remove", "invalidate", "invalidateAll"] as const) {
    test(`returns and does not cache a load during ${change}`, async () => {
      const { cache } = cacheOf<string>();
      const load = pending<string>();
      const waiting = cache.getWith("a", () => load.promise);
      if (change === "insert") cache.insert("a", "newer");
      else if (change === "invalidateAll") cache.invalidateAll();
      else cache[change]("a");
      const after = cache.getWith("a", () => "loaded after");
      load.resolve("stale");
      expect(await waiting).toBe("stale");
      const expected = change === "insert" ? "newer" : "loaded after";
      expect(await after).toBe(expected);
      expect(cache.get("a")).toBe(expected);
    });
  }

  test("rejects only the cancelled caller", async () => {
    const { cache } = cacheOf<string>();
    const load = pending<string>();
    const cancel = new AbortController();
    const first = cache.getWith("a", () => load.promise, { signal: cancel.signal });
    const second = cache.getWith("a", () => "not called");
    cancel.abort(new Error("changed my mind"));
    await expect(first).rejects.toThrow("changed my mind");
    load.resolve("value");
    expect(await second).toBe("value");
    expect(cache.get("a")).toBe("value");
  });

  test("runs the next caller's load when the cancelled one's fails", async () => {
    const { cache } = cacheOf<string>();
    const cancel = new AbortController();
    const loads: string[] = [];
    const loadOf = (name: string, signal?: AbortSignal) => () => {
      loads.push(name);
      const load = pending<string>();
      signal?.addEventListener("abort", () => load.reject(signal.reason));
      if (signal === undefined) load.resolve(name);
      return load.promise;
    };
    const cancelSecond = new AbortController();
    const first = cache.getWith("a", loadOf("first", cancel.signal), { signal: cancel.signal });
    const second = cache.getWith("a", loadOf("second", cancelSecond.signal), { signal: cancelSecond.signal });
    const third = cache.getWith("a", loadOf("third"));
    cancel.abort(new Error("first left"));
    await expect(first).rejects.toThrow("first left");
    cancelSecond.abort(new Error("second left"));
    await expect(second).rejects.toThrow("second left");
    expect(await third).toBe("third");
    expect(loads).toEqual(["first", "second", "third"]);
  });

  test("caches a load whose only caller was cancelled", async () => {
    const { cache } = cacheOf<string>();
    const load = pending<string>();
    const cancel = new AbortController();
    const only = cache.getWith("a", () => load.promise, { signal: cancel.signal });
    cancel.abort(new Error("gone"));
    await expect(only).rejects.toThrow("gone");
    const joined = cache.getWith("a", () => "not called");
    load.resolve("value");
    expect(await joined).toBe("value");
    expect(cache.get("a")).toBe("value");
    const never = cache.getWith("a", () => "not called", { signal: cancel.signal });
    await expect(never).rejects.toThrow("gone");
  });

  test("removes its listeners from a signal that outlives the call", async () => {
    const { cache } = cacheOf<string>();
    let listeners = 0;
    const counting = {
      aborted: false,
      addEventListener: () => {
        listeners += 1;
      },
      removeEventListener: () => {
        listeners -= 1;
      },
    } as unknown as AbortSignal;
    await cache.getWith("a", async () => "value", { signal: counting });
    await cache.getWith("a", async () => "value", { signal: counting });
    await cache.getWith("b", () => Promise.reject(new Error("x")), { signal: counting }).catch(() => {});
    expect(listeners).toBe(0);
  });
});

describe("PortableCache.getOrInsert", () => {
  test("makes and inserts a value in one step", () => {
    const { cache } = cacheOf<object>();
    const lock = cache.getOrInsert("a", () => ({}));
    expect(cache.getOrInsert("a", () => ({}))).toBe(lock);
  });
});

describe("PortableCache.approximateSize", () => {
  test("estimates the bytes of all entries from the oldest 32", () => {
    const { cache, clock } = cacheOf<string>({ capacity: 100, ttlMs: 100 });
    expect(cache.approximateSize()).toEqual({ entries: 0, bytes: 0 });
    // A text is 24 bytes and its letters.
    for (let index = 10; index < 42; index += 1) cache.insert(`k${index}`, "1234567");
    const each = 24 + 3 + 24 + 7;
    expect(cache.approximateSize()).toEqual({ entries: 32, bytes: 32 * each });
    for (let index = 42; index < 50; index += 1) cache.insert(`k${index}`, "longer than the others");
    expect(cache.approximateSize()).toEqual({ entries: 40, bytes: 40 * each });
    clock.advance(100);
    expect(cache.approximateSize()).toEqual({ entries: 0, bytes: 0 });
  });
});

describe("PortableCache.isHeld", () => {
  test("looks at eight of the oldest entries per insert, and puts held ones behind the others", () => {
    const held = new Set<string>();
    const asked: string[] = [];
    const { cache } = cacheOf<number>({
      capacity: 20,
      isHeld: (key) => {
        asked.push(key);
        return held.has(key);
      },
    });
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
    keys.forEach((key, index) => {
      cache.insert(key, index);
      if (index < 10) held.add(key);
    });
    expect(asked).toEqual([]);
    cache.insert("one more", 20);
    expect(asked).toEqual(keys.slice(0, 8));
    expect(cache.entryCount()).toBe(21);
    // The next insert passes the last two and evicts until the cache fits.
    cache.insert("and one", 21);
    expect(asked.slice(8)).toEqual(keys.slice(8, 12));
    expect(cache.entryCount()).toBe(20);
    expect(cache.has("k10") || cache.has("k11")).toBe(false);
  });

  test("never evicts the entry that is inserted", () => {
    const { cache } = cacheOf<number>({ capacity: 2, isHeld: (key) => key !== "new" });
    for (const key of ["a", "b", "new"]) cache.insert(key, 1);
    expect(cache.iter().map(([key]) => key)).toEqual(["new", "a", "b"]);
  });
});

describe("PortableCache.getWith arguments", () => {
  test("rejects what is no function, and a signal that is aborted, without a load", async () => {
    const { cache } = cacheOf<number>();
    cache.insert("a", 1);
    await expect(cache.getWith("a", 5 as never)).rejects.toThrow(TypeError);
    const reason = new Error("given up");
    const options = { signal: AbortSignal.abort(reason) };
    await expect(cache.getWith("a", () => 2, options)).rejects.toBe(reason);
    let loads = 0;
    await expect(cache.getWith("b", () => ++loads, options)).rejects.toBe(reason);
    expect(loads).toBe(0);
  });
});

describe("PortableCache with more due entries than a call frees", () => {
  const KEYS = Array.from({ length: 10 }, (_, index) => `k${index}`);

  function expiredCache(times: { ttlMs?: number; idleMs?: number }) {
    const evicted: [string, number, string][] = [];
    const made = cacheOf<number>({ ...times, onEvict: (...entry) => void evicted.push(entry) });
    for (const [index, key] of KEYS.entries()) made.cache.insert(key, index);
    made.clock.advance(100);
    return { ...made, evicted };
  }

  test("never returns an expired one, by either time", () => {
    for (const times of [{ ttlMs: 100 }, { idleMs: 100 }, { ttlMs: 100, idleMs: 200 }]) {
      const { cache, evicted } = expiredCache(times);
      expect(cache.get("k9")).toBeUndefined();
      expect(evicted.map(([key]) => key)).toEqual(["k0", "k1", "k2", "k3", "k9"]);
      expect(new Set(evicted.map(([, , reason]) => reason))).toEqual(new Set(["expired"]));
    }
  });

  test("puts a new entry in place of an expired one with its key", () => {
    const { cache, evicted } = expiredCache({ ttlMs: 100 });
    cache.insert("k9", 90);
    expect(evicted.at(-1)).toEqual(["k9", 9, "expired"]);
    expect(evicted).toHaveLength(5);
    expect(cache.iter()).toEqual([["k9", 90]]);
    expect(cache.entryCount()).toBe(1);
    expect(evicted).toHaveLength(10);
  });

  test("says of the oldest entry that makes room whether it had expired", () => {
    const evicted: [string, number, string][] = [];
    const times = { ttlMs: 1_000, idleMs: 100 };
    const { cache, clock } = cacheOf<number>({
      ...times,
      capacity: 6,
      onEvict: (...entry) => void evicted.push(entry),
    });
    for (const [index, key] of KEYS.slice(0, 6).entries()) cache.insert(key, index);
    clock.advance(50);
    cache.insert("k0", 50);
    clock.advance(40);
    for (const key of KEYS.slice(1, 6)) cache.get(key);
    clock.advance(60);
    // Four of the others are looked at, which are due before it and were read.
    cache.insert("new", 1);
    expect(evicted).toEqual([
      ["k0", 0, "replaced"],
      ["k0", 50, "expired"],
    ]);
  });
});

describe("PortableCache times", () => {
  test("expires by idle time in has, iter and remove", () => {
    const { cache, clock } = cacheOf<number>({ idleMs: 50, ttlMs: 1_000 });
    cache.insert("a", 1);
    clock.advance(49);
    expect([cache.has("a"), cache.iter()]).toEqual([true, [["a", 1]]]);
    clock.advance(1);
    expect([cache.has("a"), cache.iter(), cache.remove("a")]).toEqual([false, [], undefined]);
  });

  test("reads no clock when nothing expires", () => {
    const clock = {
      nowMs: (): number => {
        throw new Error("read the clock");
      },
    };
    const cache = new PortableCache<string, number>({ capacity: 1, clock });
    cache.insert("a", 1);
    expect([cache.get("a"), cache.has("a"), cache.entryCount(), cache.iter()]).toEqual([
      1,
      true,
      1,
      [["a", 1]],
    ]);
  });

  test("counts an entry that was read as due later, without removing it", () => {
    const evicted: string[] = [];
    const { cache, clock } = cacheOf<number>({ idleMs: 100, onEvict: (key) => evicted.push(key) });
    cache.insert("a", 1);
    cache.insert("b", 2);
    clock.advance(60);
    cache.get("a");
    clock.advance(40);
    expect(cache.entryCount()).toBe(1);
    expect(evicted).toEqual(["b"]);
    clock.advance(60);
    cache.get("other");
    expect(evicted).toEqual(["b", "a"]);
  });
});

describe("PortableCache", () => {
  test("logs of a listener's error its class, and of what is no error its type", () => {
    const logger = new RecordingLogger();
    const thrown: unknown[] = [new RangeError("secret"), "secret"];
    const { cache } = cacheOf<number>({
      logger,
      onEvict: () => {
        throw thrown.shift();
      },
    });
    for (const key of ["a", "b"]) cache.insert(key, 1);
    cache.invalidateAll();
    expect(logger.entries.map(({ fields }) => fields)).toEqual([
      { reason: "removed", error: "RangeError" },
      { reason: "removed", error: "string" },
    ]);
  });

  test("needs options and, to expire, a clock", () => {
    expect(() => new PortableCache(undefined as never)).toThrow(TypeError);
    expect(() => new PortableCache({ capacity: 1, ttlMs: 1 } as never)).toThrow(TypeError);
    expect(() => new PortableCache({ capacity: 1, ttlMs: "1" } as never)).toThrow(RangeError);
    expect(new PortableCache({ capacity: 0 } as never).entryCount()).toBe(0);
    const { cache } = cacheOf<number>();
    expect(() => cache.getOrInsert("a", 5 as never)).toThrow(TypeError);
  });

  test("rejects invalid options and values", () => {
    const clock = new FakeClock();
    for (const options of [
      { capacity: -1 },
      { capacity: 1.5 },
      { capacity: 1, ttlMs: 0 },
      { capacity: 1, idleMs: Number.NaN },
    ])
      expect(() => new PortableCache({ clock, ...options })).toThrow(RangeError);
    expect(() => new PortableCache({ clock, capacity: 1, ttlMs: 1, isHeld: () => true })).toThrow(TypeError);
    const { cache } = cacheOf<undefined>();
    expect(() => cache.insert("a", undefined)).toThrow(TypeError);
  });
});
