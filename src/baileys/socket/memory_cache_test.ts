import { describe, expect, test } from "vitest";
import { FakeClock } from "../../testing/mod.ts";
import { MemoryCache } from "./memory_cache.ts";
import { memoryCaches } from "./memory_caches.ts";

describe("MemoryCache", () => {
  test("forgets an entry after its lifetime, by count, and when told", () => {
    const clock = new FakeClock();
    const cache = new MemoryCache<number>({ clock, capacity: 2, ttlMs: 1_000 });
    cache.set("a", 1);
    cache.set("b", 2);
    cache.set("c", 3);
    expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([undefined, 2, 3]);
    cache.del("b");
    expect(cache.get("b")).toBeUndefined();
    clock.advance(1_000);
    expect(cache.get("c")).toBeUndefined();
    cache.set("d", 4);
    cache.flushAll();
    expect(cache.get("d")).toBeUndefined();
  });

  test("keeps at most maxBytes, the newest", () => {
    const sizeOf = (value: Uint8Array): number => value.length;
    const limits = { capacity: 100, ttlMs: 1_000, maxBytes: 10 };
    const cache = new MemoryCache({ clock: new FakeClock(), sizeOf, ...limits });
    for (const name of ["a", "b", "c"]) cache.set(name, new Uint8Array(4));
    expect([cache.get("a"), cache.get("b")?.length, cache.get("c")?.length]).toEqual([undefined, 4, 4]);
    cache.set("b", new Uint8Array(1));
    expect(cache.bytes).toBe(5);
    cache.set("b", new Uint8Array(11));
    expect([cache.get("b"), cache.bytes]).toEqual([undefined, 4]);
  });
});

describe("memoryCaches", () => {
  const socket = {} as never;

  test("hands out copies of requested messages", () => {
    const { placeholderResendCache: cache } = memoryCaches(new FakeClock()).options ?? fail();
    const message = { key: { id: "1" }, pushName: "Anna" };
    cache.set("1", message);
    const first = cache.get("1") as { key: { id: string }; message?: unknown };
    first.message = "content";
    first.key.id = "2";
    expect(cache.get("1")).toEqual({ key: { id: "1" }, pushName: "Anna" });
    cache.set("2", true);
    expect(cache.get("2")).toBe(true);
  });

  test("requests a message again after its socket has ended", () => {
    const hook = memoryCaches(new FakeClock());
    const { placeholderResendCache, callOfferCache } = hook.options ?? fail();
    const unfollow = hook.follow?.(socket);
    placeholderResendCache.set("1", true);
    callOfferCache.set("call", { id: "call" });
    unfollow?.();
    expect(placeholderResendCache.get("1")).toBeUndefined();
    expect(callOfferCache.get("call")).toEqual({ id: "call" });
  });
});

function fail(): never {
  throw new Error("the hook has no options");
}
