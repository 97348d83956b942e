import type { Host } from "../ports/mod.ts";
import type { CacheCodec } from "./cache_codec.ts";
import type { CacheSize } from "./cache_size.ts";
import { PortableCache } from "./portable_cache.ts";

const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;

/** Size and expiry of a cache: see `CacheEntryConfig`. */
export interface CacheLimits {
  /** Maximum number of entries. */
  readonly capacity: number;
  /** Milliseconds from the write until an entry expires. Defaults to never. */
  readonly ttlMs?: number | undefined;
  /** Milliseconds without a read until an entry expires. Defaults to never. */
  readonly idleMs?: number | undefined;
}

/** LID mappings that are kept in memory, in each direction. A warm-up reads as many. */
export const MAX_CACHED_MAPPINGS = 10_000;

/** Default size and expiry of each cache of an account: see `CacheConfig`. */
export const CACHE_DEFAULTS: {
  readonly group: CacheLimits;
  readonly device: CacheLimits;
  readonly lidPn: CacheLimits;
  readonly senderKeyDevices: CacheLimits;
} = {
  group: { capacity: 250, ttlMs: HOUR_MS },
  device: { capacity: 5_000, ttlMs: HOUR_MS },
  lidPn: { capacity: MAX_CACHED_MAPPINGS, idleMs: HOUR_MS },
  senderKeyDevices: { capacity: 500, idleMs: HOUR_MS },
};

/** Names a cache of an account. */
export type CacheName = keyof typeof CACHE_DEFAULTS;

/** The part of `TypedCache` and `PortableCache` that owners of values use. */
export interface ValueCache<K, V> {
  /** False when an external store keeps the values, which then outlive the process. */
  readonly isInProcess?: boolean | undefined;
  /** The value of a key; `undefined` when it is absent. In process it is answered without a promise. */
  get(key: K): V | undefined | Promise<V | undefined>;
  /**
   * The value of a key, loaded by `load` when it is absent: once for all concurrent callers. Rejects with the
   * error of `load`.
   */
  getWith<R extends V | undefined>(key: K, load: () => R | Promise<R>): Promise<V | R>;
  /** Puts a value in place of the one under its key. */
  insert(key: K, value: V): void | Promise<void>;
  /** Removes a key. A load that is under way does not bring the old value back. */
  invalidate(key: K): void | Promise<void>;
  /** Removes every key at once in this process, and from a store in the background. */
  invalidateAll(): void;
  /** What it holds in this process; `undefined` where a store keeps the values. */
  approximateSize?(): CacheSize | undefined;
  /** Rejects waiting calls and removes the scheduled task. In process it does nothing. */
  close?(): void;
}

/** Description of a cache to build. */
export interface CacheSlot<V> {
  /** Selects size and expiry. */
  readonly name: CacheName;
  /** Separates it from other caches in one store. */
  readonly namespace: string;
  /** Provides time, deadlines and the logger. */
  readonly host: Host;
  /** Prefix of the names of scheduled tasks. */
  readonly taskPrefix: string;
  /** For values that JSON cannot carry. */
  readonly codec?: CacheCodec<V> | undefined;
}

/** Builds the caches of an account: `inProcessCaches`, or the result of `accountCaches`. */
export interface CacheBuilder {
  /** Builds the cache that a slot describes. It belongs to the caller. */
  build<V>(slot: CacheSlot<V>): ValueCache<string, V>;
}

/** Builds every cache in process, with the defaults. */
export const inProcessCaches: CacheBuilder = {
  build: <V>({ name, host }: CacheSlot<V>): ValueCache<string, V> =>
    new PortableCache<string, V>({ ...CACHE_DEFAULTS[name], clock: host.clock }),
};
