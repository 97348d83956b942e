import { describe, expect, test } from "vitest";
import { ScriptedStore } from "../../test/support/cache/cache_store.ts";
import { fakeHost } from "../testing/mod.ts";
import { CACHE_NAMESPACES, CacheEntryConfig, CacheStores, cacheConfig } from "./mod.ts";

describe("cacheConfig", () => {
  test("has the sizes and expiries of CACHE_DEFAULTS", () => {
    const minuteMs = 60_000;
    const table = Object.fromEntries(
      Object.entries(cacheConfig()).map(([name, { capacity, ttlMs, idleMs }]) => [
        name,
        [capacity, ttlMs, idleMs],
      ]),
    );
    expect(table).toEqual({
      group: [250, 60 * minuteMs, undefined],
      device: [5_000, 60 * minuteMs, undefined],
      lidPn: [10_000, undefined, 60 * minuteMs],
      senderKeyDevices: [500, undefined, 60 * minuteMs],
    });
    const group = new CacheEntryConfig({ capacity: 7 });
    expect(cacheConfig({ group })).toEqual({ ...cacheConfig(), group });
    expect(Object.values(CACHE_NAMESPACES)).toEqual(["group", "device", "lid_pn_by_lid", "lid_pn_by_pn"]);
  });
});

describe("CacheStores.all", () => {
  test("puts every possible cache into a store", () => {
    const store = new ScriptedStore();
    expect(CacheStores.all(store)).toEqual({ group: store, device: store, lidPn: store });
  });
});

describe("CacheEntryConfig", () => {
  test("builds in process without a store or with capacity 0", async () => {
    const host = fakeHost();
    const store = new ScriptedStore();
    const plain = new CacheEntryConfig({ capacity: 1, ttlMs: 100, idleMs: 50 });
    const local = plain.buildTypedTtl<string, number>({ namespace: "group", host });
    await local.insert("a", 1);
    await local.insert("b", 2);
    expect(await local.get("a")).toBeUndefined();
    host.clock.advance(50);
    expect(await local.get("b")).toBeUndefined();
    const off = new CacheEntryConfig({ capacity: 0 }).buildTypedTtl<string, number>({
      namespace: "group",
      host,
      store,
    });
    await off.insert("a", 1);
    expect(await off.get("a")).toBeUndefined();
    expect(store.entries.size).toBe(0);
  });

  test("applies the shorter of both times in a store", async () => {
    const store = new ScriptedStore();
    const ttls = [
      [{ ttlMs: 100, idleMs: 50 }, 50],
      [{ idleMs: 70 }, 70],
      [{ ttlMs: 90 }, 90],
      [{}, undefined],
    ] as const;
    for (const [times, ttlMs] of ttls) {
      const cache = new CacheEntryConfig({ capacity: 1, ...times }).buildTypedTtl<string, number>({
        namespace: "group",
        host: fakeHost(),
        store,
      });
      await cache.insert("a", 1);
      expect(store.ttls.get("group:a")).toBe(ttlMs);
    }
  });

  test("builds a cache in process with a guard", () => {
    const held = new Set<object>();
    const locks = new CacheEntryConfig({ capacity: 1 }).build<string, object>({
      clock: fakeHost().clock,
      isHeld: (_key, lock) => held.has(lock),
    });
    const lock = locks.getOrInsert("a", () => ({}));
    held.add(lock);
    locks.getOrInsert("b", () => ({}));
    expect(locks.get("a")).toBe(lock);
  });

  test("rejects invalid options", () => {
    for (const config of [
      { capacity: -1 },
      { capacity: 0.5 },
      { capacity: 1, ttlMs: 0 },
      { capacity: 1, idleMs: Infinity },
    ])
      expect(() => new CacheEntryConfig(config)).toThrow(RangeError);
  });
});
