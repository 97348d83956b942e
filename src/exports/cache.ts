/**
 * Caches in process and in external stores, and locks by key.
 *
 * `accountCaches` sets the sizes, lifetimes and stores of an account's caches. `PortableCache` is the bounded
 * cache that all others are based on. `TypedCache` keeps its entries in process or in a `CacheStore`:
 * `redisCacheStore`, `kvCacheStore`, or your own through `keyValueCacheStore`, which needs three operations.
 *
 * @module
 */
export {
  type AccountCachesOptions,
  accountCaches,
  type BuildOptions,
  type BuildTypedOptions,
  CACHE_DEFAULTS,
  type CacheBuilder,
  type CacheCodec,
  type CacheConfig,
  CacheEntryConfig,
  type CacheLimits,
  type CacheName,
  type CacheSize,
  type CacheSlot,
  type CacheStore,
  CacheStores,
  type EvictionListener,
  type EvictionReason,
  type GetWithOptions,
  type InProcessCacheOptions,
  type IoRedisLike,
  jsonCacheCodec,
  KeyedLanes,
  type KeyedLanesOptions,
  KeyedLock,
  type KeyValueCacheStoreOptions,
  type KeyValueClient,
  type KvNamespaceLike,
  keyValueCacheStore,
  kvCacheStore,
  type MaybePromise,
  type NodeRedisLike,
  PortableCache,
  type PortableCacheOptions,
  redisCacheStore,
  type StoredCacheSettings,
  TypedCache,
  type ValueCache,
} from "../cache/mod.ts";
