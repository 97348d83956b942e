import type { Clock, Host } from "../ports/mod.ts";
import { StoredCache } from "./_stored_cache.ts";
import { type CacheCodec, jsonCacheCodec } from "./cache_codec.ts";
import type { CacheStore } from "./cache_store.ts";
import { type EvictionListener, type GetWithOptions, PortableCache } from "./portable_cache.ts";

/** Default time that a call to a store may take, in milliseconds. Beyond it, asking the source is quicker. */
const DEFAULT_DEADLINE_MS = 1_000;

/** Name of a namespace: what every store can put before a key without mistaking one namespace for another. */
const NAMESPACE = /^[A-Za-z0-9_]{1,64}$/;

/**
 * A value, or a promise of it. Await it: in process there is nothing to wait for, and then no promise is
 * made.
 */
export type MaybePromise<T> = T | Promise<T>;

/** Options of {@link TypedCache.inProcess}. */
export interface InProcessCacheOptions<K, V> {
  readonly clock: Clock;
  readonly capacity: number;
  readonly ttlMs?: number | undefined;
  readonly idleMs?: number | undefined;
  readonly onEvict?: EvictionListener<K, V> | undefined;
}

/** Options of {@link TypedCache.overStore}. */
export interface StoredCacheSettings<K, V> {
  readonly store: CacheStore;
  /**
   * Letters, digits and `_`. Once for each store and prefix: two caches of one namespace would read each
   * other's values.
   */
  readonly namespace: string;
  /** Gives the time, the deadlines, the numbers of writes, and hears of failures. */
  readonly host: Host;
  /**
   * Entries are gone after this time, in milliseconds. Without it they stay as long as the store keeps them.
   */
  readonly ttlMs?: number | undefined;
  /** Defaults to JSON. Values that JSON cannot carry need one. */
  readonly codec?: CacheCodec<V> | undefined;
  /** Name of a key in the store, different for different keys. Defaults to `String(key)`. */
  readonly nameOf?: ((key: K) => string) | undefined;
  /** When a call is given up, in milliseconds. Defaults to 1,000. */
  readonly deadlineMs?: number | undefined;
  /** Label in the name of the scheduled task, needed where several accounts share one scheduler. */
  readonly taskPrefix?: string | undefined;
}

/**
 * A cache of values under keys that is either in this process, a {@link PortableCache} without any
 * serialisation, or in a {@link CacheStore}, with the same calls for both.
 *
 * In process nothing is copied, so callers share the values, and reads return them at once, without a
 * promise.
 *
 * Over a store everything is best effort, and no call rejects for the store's sake: a read that fails, takes
 * too long, or finds bytes that are damaged, outdated or of another cache is a miss and a warning; a write
 * that fails is a warning, and its key is a miss until a later write succeeds. A call never finds a value
 * older than what this process inserted or invalidated before the call. Other processes see an
 * `invalidateAll` when the store has cleared the namespace, or five seconds later.
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
   * A cache in a store. It registers one task with the host's scheduler, until it is closed.
   *
   * @throws {TypeError} When the namespace is malformed, or its task is registered already. @throws
   *   {RangeError} When a time is not positive.
   */
  static overStore<K, V>(settings: StoredCacheSettings<K, V>): TypedCache<K, V> {
    const { store, namespace, host, ttlMs, deadlineMs = DEFAULT_DEADLINE_MS } = settings;
    if (!NAMESPACE.test(namespace))
      throw new TypeError(
        `create cache: namespace ${JSON.stringify(namespace)} is not letters, digits and _`,
      );
    for (const ms of [ttlMs ?? 1, deadlineMs])
      if (!(ms > 0 && ms < Number.POSITIVE_INFINITY))
        throw new RangeError(`create cache: a time of ${ms} ms is not positive`);
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

  /** The value of a key, `undefined` when it is absent or cannot be had. */
  get(key: K): MaybePromise<V | undefined> {
    const local = this.#local;
    return local !== undefined ? local.get(key) : this.#remote.get(key);
  }

  /**
   * The value of a key, loaded by `load` when there is none: once for all callers of this process that meet.
   * See {@link PortableCache.getWith} for errors, cancelling, and what is not kept.
   *
   * @throws What `load` throws; the reason of the signal when this call is cancelled.
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

  /** Writes a value. Over a store it resolves when the store has it, or has failed. */
  insert(key: K, value: V): MaybePromise<void> {
    return this.#local !== undefined ? this.#local.insert(key, value) : this.#remote.insert(key, value);
  }

  /** Removes a key: from now on it is a miss, whether the store takes part or not. */
  invalidate(key: K): MaybePromise<void> {
    return this.#local !== undefined ? this.#local.invalidate(key) : this.#remote.invalidate(key);
  }

  /**
   * Removes every key: at once in this process. The store is told in the background, and until it has taken
   * part all keys are misses here. Use {@link TypedCache.clear} to know when it has.
   */
  invalidateAll(): void {
    if (this.#local !== undefined) this.#local.invalidateAll();
    else this.#remote.invalidateAll();
  }

  /**
   * As {@link TypedCache.invalidateAll}, and waits for the store.
   *
   * @returns Whether it is done for every process. When false, it holds here and is tried again with the next
   *   calls; a process that starts before that succeeds may find old entries.
   */
  async clear(): Promise<boolean> {
    if (this.#local === undefined) return await this.#remote.clear();
    this.#local.invalidateAll();
    return true;
  }

  /** How many entries there are, about; 0 where the store does not tell. */
  entryCount(): MaybePromise<number> {
    return this.#local !== undefined ? this.#local.entryCount() : this.#remote.entryCount();
  }

  /**
   * Unregisters the scheduled task, gives up calls to the store, and makes no more: all keys are misses. In
   * process it does nothing.
   */
  close(): void {
    this.#stored?.close();
  }

  get #remote(): StoredCache<K, V> {
    return this.#stored as StoredCache<K, V>;
  }
}
