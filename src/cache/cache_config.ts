import { requireObject } from "../errors/mod.ts";
import type { Clock, Host } from "../ports/mod.ts";
import type { CacheCodec } from "./cache_codec.ts";
import { CACHE_DEFAULTS, type CacheName } from "./cache_defaults.ts";
import type { CacheStore } from "./cache_store.ts";
import { type EvictionListener, PortableCache } from "./portable_cache.ts";
import { TypedCache } from "./typed_cache.ts";

/** Options of {@link CacheEntryConfig.build}. */
export interface BuildOptions<K, V> {
  /** Measures both expiries. */
  readonly clock: Clock;
  /** Called once for each entry after it is removed, with the reason. */
  readonly onEvict?: EvictionListener<K, V> | undefined;
  /** Returns whether a value is in use. Only for a configuration without expiry. */
  readonly isHeld?: ((key: K, value: V) => boolean) | undefined;
}

/** Options of {@link CacheEntryConfig.buildTypedTtl}. */
export interface BuildTypedOptions<K, V> {
  /** Letters, digits and `_`, up to 64. Separates the cache from others in one store. */
  readonly namespace: string;
  /** Provides time, deadlines, write ids and the logger. */
  readonly host: Host;
  /** Defaults to a cache in process. */
  readonly store?: CacheStore | undefined;
  /** Between values and bytes in a store. Defaults to JSON. */
  readonly codec?: CacheCodec<V> | undefined;
  /** Name of a key in the store, different for different keys. Defaults to `String(key)`. */
  readonly nameOf?: ((key: K) => string) | undefined;
  /** Deadline of a call to the store, in milliseconds. Defaults to 1,000. */
  readonly deadlineMs?: number | undefined;
  /** Prefix of the name of the scheduled task; required when several accounts share one scheduler. */
  readonly taskPrefix?: string | undefined;
}

/** Size and expiry of one cache. */
export class CacheEntryConfig {
  /** Maximum number of entries; 0 turns the cache off. A store applies its own limits instead. */
  readonly capacity: number;
  /** Milliseconds from the write until an entry expires. */
  readonly ttlMs: number | undefined;
  /** Milliseconds without a read until an entry expires. In a store it counts from the write. */
  readonly idleMs: number | undefined;

  /**
   * Takes size and expiry. Without a time, entries do not expire by it.
   *
   * @throws {RangeError} When a number is out of range.
   */
  constructor(config: {
    readonly capacity: number;
    readonly ttlMs?: number | undefined;
    readonly idleMs?: number | undefined;
  }) {
    requireObject("configure cache: config", config);
    const { capacity, ttlMs, idleMs } = config;
    if (!Number.isSafeInteger(capacity) || capacity < 0)
      throw new RangeError("configure cache: capacity is not a count of entries");
    for (const ms of [ttlMs ?? 1, idleMs ?? 1])
      if (typeof ms !== "number" || !(ms > 0 && ms < Number.POSITIVE_INFINITY))
        throw new RangeError("configure cache: an expiry is not a positive time in ms");
    this.capacity = capacity;
    this.ttlMs = ttlMs;
    this.idleMs = idleMs;
  }

  /** Builds a cache in process. */
  build<K, V>(options: BuildOptions<K, V>): PortableCache<K, V> {
    const { capacity, ttlMs, idleMs } = this;
    return new PortableCache<K, V>({ capacity, ttlMs, idleMs, ...options });
  }

  /**
   * Builds a cache over `store`, or in process when there is no store or the capacity is 0. A store has one
   * expiry per entry: the shorter of the two times, from the write on.
   */
  buildTypedTtl<K, V>(options: BuildTypedOptions<K, V>): TypedCache<K, V> {
    const { store, host, namespace, codec, nameOf, deadlineMs, taskPrefix } = options;
    const { capacity, ttlMs, idleMs } = this;
    if (store === undefined || capacity === 0)
      return TypedCache.inProcess<K, V>({ clock: host.clock, capacity, ttlMs, idleMs });
    const shorterMs = Math.min(ttlMs ?? Number.POSITIVE_INFINITY, idleMs ?? Number.POSITIVE_INFINITY);
    return TypedCache.overStore<K, V>({
      store,
      namespace,
      host,
      ttlMs: shorterMs === Number.POSITIVE_INFINITY ? undefined : shorterMs,
      codec,
      nameOf,
      deadlineMs,
      taskPrefix,
    });
  }
}

/** Sizes and expiries of every cache of an account. */
export interface CacheConfig {
  /** Group metadata, by group. */
  readonly group: CacheEntryConfig;
  /** Device lists, by user. Large enough for every member of a large group at once. */
  readonly device: CacheEntryConfig;
  /** LID to phone number and back: one cache of this size per direction. */
  readonly lidPn: CacheEntryConfig;
  /** Devices that have our sender key, by group. */
  readonly senderKeyDevices: CacheEntryConfig;
}

/** The defaults, replaced by `overrides`. */
export function cacheConfig(overrides: Partial<CacheConfig> = {}): CacheConfig {
  const entry = (name: CacheName): CacheEntryConfig =>
    overrides[name] ?? new CacheEntryConfig(CACHE_DEFAULTS[name]);
  return {
    group: entry("group"),
    device: entry("device"),
    lidPn: entry("lidPn"),
    senderKeyDevices: entry("senderKeyDevices"),
  };
}
