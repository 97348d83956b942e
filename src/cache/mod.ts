/**
 * Caches in process and in external stores, and coordination in process.
 *
 * `PortableCache` is a bounded cache and the base of the others. `TypedCache` wraps it in process, or uses a
 * `CacheStore`: `redisCacheStore`, `kvCacheStore`, or your own, which `keyValueCacheStore` builds from three
 * operations.
 *
 * @module
 */

export { type AccountCachesOptions, accountCaches } from "./account_caches.ts";
export { BatchedReads } from "./batched_reads.ts";
export { type CacheCodec, jsonCacheCodec } from "./cache_codec.ts";
export {
  type BuildOptions,
  type BuildTypedOptions,
  type CacheConfig,
  CacheEntryConfig,
  cacheConfig,
} from "./cache_config.ts";
export {
  CACHE_DEFAULTS,
  type CacheBuilder,
  type CacheLimits,
  type CacheName,
  type CacheSlot,
  inProcessCaches,
  MAX_CACHED_MAPPINGS,
  type ValueCache,
} from "./cache_defaults.ts";
export type { CacheSize } from "./cache_size.ts";
export type { CacheStore } from "./cache_store.ts";
export { CACHE_NAMESPACES, CacheStores } from "./cache_stores.ts";
export { forgetElsewhere } from "./forget_elsewhere.ts";
export {
  type KeyValueCacheStoreOptions,
  type KeyValueClient,
  keyValueCacheStore,
} from "./key_value_cache_store.ts";
export { KeyedLanes, type KeyedLanesOptions } from "./keyed_lanes.ts";
export { KeyedLock } from "./keyed_lock.ts";
export { type KvNamespaceLike, kvCacheStore } from "./kv_cache_store.ts";
export { MeasuredCaches, measuredCaches } from "./measured_caches.ts";
export { OwnedCaches } from "./owned_caches.ts";
export {
  type EvictionListener,
  type EvictionReason,
  type GetWithOptions,
  PortableCache,
  type PortableCacheOptions,
} from "./portable_cache.ts";
export { type IoRedisLike, type NodeRedisLike, redisCacheStore } from "./redis_cache_store.ts";
export {
  type InProcessCacheOptions,
  type MaybePromise,
  type StoredCacheSettings,
  TypedCache,
} from "./typed_cache.ts";
