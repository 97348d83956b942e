import type { CacheStore } from "./cache_store.ts";
import { type KeyValueCacheStoreOptions, keyValueCacheStore } from "./key_value_cache_store.ts";

/** Shortest expiry that Workers KV accepts, in seconds. */
const LEAST_EXPIRATION_TTL = 60;

/** The used methods of a Workers KV namespace. */
export interface KvNamespaceLike {
  /** The bytes of a key; `null` when there are none. */
  get(key: string, type: "arrayBuffer"): Promise<ArrayBuffer | null>;
  /** Stores bytes. `expirationTtl` is in seconds, at least 60. */
  put(key: string, value: Uint8Array, options?: { expirationTtl?: number }): Promise<void>;
  /** Removes a key, if present. */
  delete(key: string): Promise<void>;
}

/**
 * A `CacheStore` over Workers KV: `kvCacheStore(env.KV)`.
 *
 * KV is eventually consistent: other locations may see a change or a `clear` up to a minute later, and a key
 * accepts one write per second. Use it for values that change rarely and may be a minute old, not for device
 * lists. KV rejects keys longer than 512 bytes, including prefix and namespace; this causes a warning and a
 * miss.
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
