/**
 * Caches in process and in external stores, and coordination in process.
 *
 * `PortableCache` is the bounded cache that everything here is made of. `TypedCache` is the same in process, or lives in a
 * `CacheStore`: `redisCacheStore`, `kvCacheStore`, or one of your own, for which `keyValueCacheStore` asks three operations.
 *
 * @module
 */
export {
  type AccountCachesOptions,
  type Asked,
  accountCaches,
  BatchedReads,
  type BuildOptions,
  type BuildTypedOptions,
  CACHE_DEFAULTS,
  CACHE_NAMESPACES,
  type CacheBuilder,
  type CacheCodec,
  type CacheConfig,
  type CachedReads,
  CacheEntryConfig,
  type CacheLimits,
  type CacheName,
  type CacheSlot,
  type CacheStore,
  CacheStores,
  cacheConfig,
  type EvictionListener,
  type EvictionReason,
  forgetElsewhere,
  type GetWithOptions,
  type InProcessCacheOptions,
  type IoRedisLike,
  inProcessCaches,
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
  OwnedCaches,
  PortableCache,
  type PortableCacheOptions,
  redisCacheStore,
  type StoredCacheSettings,
  TypedCache,
  type ValueCache,
} from "../cache/mod.ts";
