import { requireObject } from "../errors/mod.ts";
import { type CacheConfig, cacheConfig } from "./cache_config.ts";
import type { CacheBuilder, CacheSlot, ValueCache } from "./cache_defaults.ts";
import type { CacheStores } from "./cache_stores.ts";

/** Sizes and expiries that differ from the defaults, and the stores of the caches that are not in process. */
export interface AccountCachesOptions extends Partial<CacheConfig> {
  /** Where caches are kept that are not in process, by the cache's name. Defaults to none. */
  readonly stores?: CacheStores | undefined;
}

/**
 * Value for the option `cache` of `openAccount`: size, expiry and place of the account's caches.
 *
 * Accounts can share a store: the namespaces of an open account end with a digest of its identity key.
 *
 * @throws {TypeError} When the options or the stores are no object. @throws {RangeError} When a number is out of
 *   range.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { accountCaches, CacheEntryConfig } from "@holdfast/store/cache";
 * import { memoryBackend } from "@holdfast/store/memory";
 *
 * const cache = accountCaches({ lidPn: new CacheEntryConfig({ capacity: 50_000 }) });
 * await using account = await openAccount({ backend: memoryBackend(), cache });
 * ```
 */
export function accountCaches(options: AccountCachesOptions = {}): CacheBuilder {
  requireObject("configure caches: options", options);
  const { stores = {}, ...overrides } = options;
  requireObject("configure caches: stores", stores);
  const config = cacheConfig(overrides);
  return {
    build: <V>({ name, ...slot }: CacheSlot<V>): ValueCache<string, V> => {
      const store = Object.hasOwn(stores, name) ? stores[name as keyof CacheStores] : undefined;
      return config[name].buildTypedTtl<string, V>({ ...slot, store });
    },
  };
}
