import { ArgumentTypeError, requireObject } from "../errors/mod.ts";
import type { Clock, Host } from "../ports/mod.ts";
import { StoredCache } from "./_stored_cache.ts";
import { type CacheCodec, jsonCacheCodec } from "./cache_codec.ts";
import type { CacheSize } from "./cache_size.ts";
import type { CacheStore } from "./cache_store.ts";
import { type EvictionListener, type GetWithOptions, PortableCache } from "./portable_cache.ts";

/** Default deadline of a call to a store, in milliseconds. Beyond it, loading from the source is faster. */
const DEFAULT_DEADLINE_MS = 1_000;

/** Allowed names of namespaces: every store can use them as a prefix without ambiguity. */
const NAMESPACE = /^[A-Za-z0-9_]{1,64}$/;

/** A value, or a promise of it. In process it is the value itself, without a promise. */
export type MaybePromise<T> = T | Promise<T>;

/** Options of {@link TypedCache.inProcess}. */
export interface InProcessCacheOptions<K, V> {
  /** Measures both expiries. */
  readonly clock: Clock;
  /** Maximum number of entries; 0 turns the cache off. */
  readonly capacity: number;
  /** Milliseconds from the write until an entry expires. Defaults to never. */
  readonly ttlMs?: number | undefined;
  /** Milliseconds without a read until an entry expires. Defaults to never. */
  readonly idleMs?: number | undefined;
  /** Called once for each entry after it is removed, with the reason. */
  readonly onEvict?: EvictionListener<K, V> | undefined;
}

/** Options of {@link TypedCache.overStore}. */
export interface StoredCacheSettings<K, V> {
  /** Where the bytes are kept. The cache does not close it. */
  readonly store: CacheStore;
  /**
   * Letters, digits and `_`. Unique for each store and prefix: two caches with one namespace would read each
   * other's values.
   */
  readonly namespace: string;
  /** Provides time, deadlines, write ids and the logger. */
  readonly host: Host;
  /** Time until an entry expires, in milliseconds. Defaults to as long as the store keeps it. */
  readonly ttlMs?: number | undefined;
  /** Defaults to JSON. Required for values that JSON cannot represent. */
  readonly codec?: CacheCodec<V> | undefined;
  /** Name of a key in the store, different for different keys. Defaults to `String(key)`. */
  readonly nameOf?: ((key: K) => string) | undefined;
  /** Deadline of a call, in milliseconds. Defaults to 1,000. */
  readonly deadlineMs?: number | undefined;
  /** Prefix of the name of the scheduled task; required when several accounts share one scheduler. */
  readonly taskPrefix?: string | undefined;
}

/**
 * A cache either in this process, as a {@link PortableCache} without serialisation, or in a
 * {@link CacheStore}, with the same API.
 *
 * In process, callers share the values, which are not copied, and reads return them without a promise.
 *
 * Over a store everything is best effort, and no call rejects because of the store. A read that fails, takes
 * too long, or finds bytes that are damaged, outdated or of another cache is a miss and a warning. A write
 * that fails is a warning, and its key is a miss until a later write succeeds. A call never returns a value
 * older than the last insert or invalidation by this process before the call. Other processes see an
 * `invalidateAll` up to five seconds after the store has cleared the namespace.
 *
 * @example
 * ```ts
 * import { TypedCache } from "@holdfast/store/cache";
 * import { systemClock } from "@holdfast/store";
 *
 * interface Group { readonly subject: string }
 * const groups = TypedCache.inProcess<string, Group>({ clock: systemClock, capacity: 250, ttlMs: 3_600_000 });
 * const group = await groups.getWith("1@g.us", async () => ({ subject: "Family" }));
 * await groups.insert("1@g.us", { subject: `${group.subject} and friends` });
 * if ((await groups.get("1@g.us"))?.subject !== "Family and friends") throw new Error("not patched");
 * ```
 */
export class TypedCache<K, V> {
  readonly #local: PortableCache<K, V> | undefined;
  readonly #stored: StoredCache<K, V> | undefined;

  private constructor(parts: { local?: PortableCache<K, V>; stored?: StoredCache<K, V> }) {
    this.#local = parts.local;
    this.#stored = parts.stored;
  }

  /** A cache in this process. @throws {RangeError} When a number is out of range. */
  static inProcess<K, V>(options: InProcessCacheOptions<K, V>): TypedCache<K, V> {
    return new TypedCache<K, V>({ local: new PortableCache<K, V>(options) });
  }

  /**
   * A cache in a store. It registers one task with the host's scheduler until `close`.
   *
   * @throws {TypeError} When the namespace is malformed, or its task is registered already. @throws
   *   {RangeError} When a time is not positive.
   */
  static overStore<K, V>(settings: StoredCacheSettings<K, V>): TypedCache<K, V> {
    requireObject("create cache: settings", settings);
    const { store, namespace, host, ttlMs, deadlineMs = DEFAULT_DEADLINE_MS } = settings;
    requireObject("create cache: store", store);
    requireObject("create cache: host", host);
    if (typeof namespace !== "string" || !NAMESPACE.test(namespace))
      throw new ArgumentTypeError("create cache: namespace is not letters, digits and _");
    for (const ms of [ttlMs ?? 1, deadlineMs])
      if (typeof ms !== "number" || !(ms > 0 && ms < Number.POSITIVE_INFINITY))
        throw new RangeError("create cache: an expiry is not a positive time in ms");
    const stored = new StoredCache<K, V>({
      store,
      namespace,
      host,
      ttlMs,
      deadlineMs,
      codec: settings.codec ?? jsonCacheCodec<V>(),
      nameOf: settings.nameOf ?? String,
      taskName: `${settings.taskPrefix ?? ""}cache:${namespace}`,
    });
    return new TypedCache<K, V>({ stored });
  }

  /** Whether values stay in this process. */
  get isInProcess(): boolean {
    return this.#local !== undefined;
  }

  /** The value of a key; `undefined` when it is absent or unavailable. */
  get(key: K): MaybePromise<V | undefined> {
    const local = this.#local;
    return local !== undefined ? local.get(key) : this.#remote.get(key);
  }

  /**
   * The value of a key, loaded by `load` when it is absent: once for all concurrent callers of this process.
   * See {@link PortableCache.getWith} for errors, cancelling, and results that are not cached.
   *
   * @throws The error of `load`; the reason of the signal when this call is cancelled.
   */
  getWith<R extends V | undefined>(
    key: K,
    load: () => R | Promise<R>,
    options: GetWithOptions = {},
  ): Promise<V | R> {
    return this.#local !== undefined
      ? this.#local.getWith(key, load, options)
      : this.#remote.getWith(key, load, options.signal);
  }

  /** Writes a value. Over a store it resolves when the store has stored the value or failed. */
  insert(key: K, value: V): MaybePromise<void> {
    return this.#local !== undefined ? this.#local.insert(key, value) : this.#remote.insert(key, value);
  }

  /** Removes a key: from now on it is a miss in this process, even if the store fails. */
  invalidate(key: K): MaybePromise<void> {
    return this.#local !== undefined ? this.#local.invalidate(key) : this.#remote.invalidate(key);
  }

  /**
   * Removes every key at once in this process, and from the store in the background. Until the store
   * succeeds, all keys are misses here. Use {@link TypedCache.clear} to wait for the store.
   */
  invalidateAll(): void {
    if (this.#local !== undefined) this.#local.invalidateAll();
    else this.#remote.invalidateAll();
  }

  /**
   * As {@link TypedCache.invalidateAll}, and waits for the store.
   *
   * @returns Whether it is done for every process. When false, it is done in this process and retried with
   *   later calls; a process that starts before a retry succeeds may read old entries.
   */
  async clear(): Promise<boolean> {
    if (this.#local === undefined) return await this.#remote.clear();
    this.#local.invalidateAll();
    return true;
  }

  /** Approximate number of entries; 0 when the store does not report it. */
  entryCount(): MaybePromise<number> {
    return this.#local !== undefined ? this.#local.entryCount() : this.#remote.entryCount();
  }

  /** What the cache holds in this process; `undefined` over a store. */
  approximateSize(): CacheSize | undefined {
    return this.#local?.approximateSize();
  }

  /**
   * Unregisters the scheduled task, rejects waiting calls to the store and makes no further ones: all keys
   * are misses. In process it does nothing.
   */
  close(): void {
    this.#stored?.close();
  }

  get #remote(): StoredCache<K, V> {
    return this.#stored as StoredCache<K, V>;
  }
}
