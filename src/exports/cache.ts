/**
 * Caches in process and in external stores, and coordination in process.
 *
 * `accountCaches` says how large the caches of an account are and where. `PortableCache` is the bounded cache
 * that everything here is made of. `TypedCache` is the same in process, or lives in a `CacheStore`:
 * `redisCacheStore`, `kvCacheStore`, or one of your own, for which `keyValueCacheStore` asks three
 * operations.
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
