import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { kvCacheStore, TypedCache } from "../../../src/cache/mod.ts";
import { fakeHost } from "../../../src/testing/mod.ts";
import { cacheStoreCases } from "../../support/cache/cache_store_cases.ts";

const kv = env.CACHE;

for (const [index, { name, run }] of cacheStoreCases.entries())
  test(`${name}`, () => run(() => kvCacheStore(kv), `case${index}`));

describe("kvCacheStore", () => {
  test("enforces a time to live below the minimum of KV", async () => {
    const host = fakeHost();
    const cache = TypedCache.overStore<string, number>({
      store: kvCacheStore(kv, { prefix: "bot-1:" }),
      namespace: "short",
      host,
      ttlMs: 1_000,
    });
    await cache.insert("a", 1);
    expect(await cache.get("a")).toBe(1);
    expect(await kv.get("bot-1:short:a", "arrayBuffer")).not.toBeNull();
    host.clock.advance(1_000);
    expect(await cache.get("a")).toBeUndefined();
    expect(host.logger.messages("warn")).toEqual([]);
  });

  test("treats KV failures and damaged bytes as misses", async () => {
    const host = fakeHost();
    const cache = TypedCache.overStore<string, number>({
      store: kvCacheStore(kv),
      namespace: "refused",
      host,
    });
    await cache.insert("x".repeat(600), 1);
    expect(await cache.get("x".repeat(600))).toBeUndefined();
    await cache.insert("a", 1);
    await kv.put("refused:a", new Uint8Array(80));
    expect(await cache.get("a")).toBeUndefined();
    expect(host.logger.messages("warn").length).toBeGreaterThan(0);
  });
});
