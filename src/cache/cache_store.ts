/**
 * An external store for caches (Redis, Memcached, Workers KV): bytes under a key, partitioned by namespace.
 *
 * An implementor may rely on this: namespaces are short names of letters, digits and `_`; keys are not empty
 * and may contain any character; `TypedCache` detects damaged, outdated and misplaced bytes, and sets a
 * deadline for every call. An implementor must ensure that calls do not throw synchronously, and that `get`
 * returns the bytes of the last `set` or `undefined`. Everything is best effort: entries may vanish at any
 * time, and a rejection is a miss.
 *
 * Accounts can share a store: their namespaces end with a digest of their identity key.
 *
 * @example
 * ```ts
 * import type { CacheStore } from "@holdfast/store/cache";
 *
 * function mapCacheStore(): CacheStore {
 *   const entries = new Map<string, Uint8Array>();
 *   return {
 *     get: async (namespace, key) => entries.get(`${namespace}:${key}`),
 *     set: async (namespace, key, bytes) => void entries.set(`${namespace}:${key}`, bytes),
 *     delete: async (namespace, key) => void entries.delete(`${namespace}:${key}`),
 *     clear: async (namespace) => {
 *       for (const key of entries.keys()) if (key.startsWith(`${namespace}:`)) entries.delete(key);
 *     },
 *   };
 * }
 * const store = mapCacheStore();
 * await store.set("group", "1@g.us", new Uint8Array([1]));
 * ```
 */
export interface CacheStore {
  /** The bytes of the last `set`; `undefined` when there are none. The caller owns them. */
  get(namespace: string, key: string): Promise<Uint8Array | undefined>;
  /**
   * Sets the bytes of a key, which the store must not change. They should expire after `ttlMs`, a positive
   * number of milliseconds. A store with a coarser unit may keep them longer: `TypedCache` does not return
   * expired entries.
   */
  set(namespace: string, key: string, bytes: Uint8Array, ttlMs?: number): Promise<void>;
  /** Removes a key, if present. */
  delete(namespace: string, key: string): Promise<void>;
  /** Removes all keys of a namespace. After it resolves, `get` returns none of them. */
  clear(namespace: string): Promise<void>;
  /** Approximate number of entries in a namespace. Without this method the count is 0. */
  entryCount?(namespace: string): Promise<number>;
}
