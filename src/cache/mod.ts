/**
 * Caches in process, and coordination in process.
 *
 * @module
 */
export { KeyedLock } from "./keyed_lock.ts";
export {
  type EvictionListener,
  type EvictionReason,
  type GetWithOptions,
  PortableCache,
  type PortableCacheOptions,
} from "./portable_cache.ts";
