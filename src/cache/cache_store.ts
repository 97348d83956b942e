/**
 * An external store for caches (Redis, Memcached, Workers KV): bytes under a key, partitioned by namespace.
 *
 * What an implementor may rely on: namespaces are short names of letters, digits and `_`; keys are not empty
 * and may hold any other character; `TypedCache` tells bytes of its own from damaged, outdated or misplaced
 * ones by itself, and sets a deadline to every call. What it must provide: calls that do not throw
 * synchronously, and `get` that answers what was `set` last or `undefined`. Everything is best effort:
 * entries may vanish at any time, and a rejection is a miss.
 *
 * Accounts that share a store are kept apart by their namespaces, which end with a digest of their identity
 * key.
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
  /** The bytes that were set last; `undefined` when there are none. They belong to the caller. */
  get(namespace: string, key: string): Promise<Uint8Array | undefined>;
  /**
   * Sets the bytes of a key, which the store must not change. They should go after `ttlMs`, a positive number
   * of milliseconds; a store that cannot count so finely may keep them longer, `TypedCache` does not give
   * them out.
   */
  set(namespace: string, key: string, bytes: Uint8Array, ttlMs?: number): Promise<void>;
  /** Removes a key; one that is not there is fine. */
  delete(namespace: string, key: string): Promise<void>;
  /** Removes all keys of a namespace. When it resolves, `get` answers none of them. */
  clear(namespace: string): Promise<void>;
  /** How many entries a namespace holds, about. A store without it answers 0. */
  entryCount?(namespace: string): Promise<number>;
}
