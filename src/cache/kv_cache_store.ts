import type { CacheStore } from "./cache_store.ts";
import { type KeyValueCacheStoreOptions, keyValueCacheStore } from "./key_value_cache_store.ts";

/** Workers KV refuses to expire a key sooner than this, in seconds. */
const LEAST_EXPIRATION_TTL = 60;

/** What is used of a Workers KV namespace. */
export interface KvNamespaceLike {
  get(key: string, type: "arrayBuffer"): Promise<ArrayBuffer | null>;
  put(key: string, value: Uint8Array, options?: { expirationTtl?: number }): Promise<void>;
  delete(key: string): Promise<void>;
}

/**
 * A `CacheStore` over Workers KV: `kvCacheStore(env.KV)`.
 *
 * KV is slow to agree: other locations may see a change, and a `clear`, up to a minute later, and a key takes
 * one write a second. Fit for what changes rarely and is not wrong when it is a minute old; keep device lists
 * out of it. Keys, with prefix and namespace, have at most 512 bytes; longer ones are refused, which is a
 * warning and a miss.
 */
export function kvCacheStore(kv: KvNamespaceLike, options: KeyValueCacheStoreOptions = {}): CacheStore {
  return keyValueCacheStore(
    {
      async get(key: string): Promise<Uint8Array | undefined> {
        const buffer = await kv.get(key, "arrayBuffer");
        return buffer === null ? undefined : new Uint8Array(buffer);
      },
      async set(key: string, bytes: Uint8Array, ttlMs: number | undefined): Promise<void> {
        if (ttlMs === undefined) return await kv.put(key, bytes);
        const expirationTtl = Math.max(LEAST_EXPIRATION_TTL, Math.ceil(ttlMs / 1_000));
        await kv.put(key, bytes, { expirationTtl });
      },
      async delete(key: string): Promise<void> {
        await kv.delete(key);
      },
    },
    options,
  );
}
