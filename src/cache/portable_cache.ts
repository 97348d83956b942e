import { ArgumentTypeError, requireFunction, requireObject } from "../errors/mod.ts";
import { type Clock, type Logger, silentLogger } from "../ports/mod.ts";
import { SingleFlight } from "./_single_flight.ts";
import { SlotTable } from "./_slot_table.ts";
import { approximateBytes, type CacheSize, newEstimate } from "./cache_size.ts";

/** Maximum number of due entries that one call checks for expiry. A call adds fewer, so sweeping keeps up. */
const SWEPT_PER_CALL = 4;

/** Entries by which `approximateSize` estimates bytes. */
const SAMPLE = 32;

/** Maximum number of entries that one insert checks to find one that is not in use. */
const GUARDED_PER_CALL = 8;

/**
 * Why an entry was removed from the cache:
 *
 * - `expired`: its time to live or its idle time ended;
 * - `capacity`: it was the oldest entry when the cache was full, or the capacity is 0;
 * - `replaced`: another value was inserted under its key;
 * - `removed`: it was removed or invalidated.
 */
export type EvictionReason = "expired" | "capacity" | "replaced" | "removed";

/**
 * Called once for each entry after it is removed. It may use the cache. Its errors are logged and not
 * rethrown.
 */
export type EvictionListener<K, V> = (key: K, value: V, reason: EvictionReason) => void;

/** Options of a {@link PortableCache}. */
export interface PortableCacheOptions<K, V> {
  /**
   * Maximum number of entries. 0 stores nothing: each call loads, with at most one load per key at a time.
   */
  readonly capacity: number;
  /** The only source of time. A step backwards counts as no elapsed time. */
  readonly clock: Clock;
  /** Time from the write until an entry expires, in milliseconds. Defaults to no limit. */
  readonly ttlMs?: number | undefined;
  /** Time without a read until an entry expires, in milliseconds. Defaults to no limit. */
  readonly idleMs?: number | undefined;
  /** Called for each removed entry. */
  readonly onEvict?: EvictionListener<K, V> | undefined;
  /**
   * Returns whether a value is in use, such as a held lock. A value in use is not evicted. Only for caches
   * without `ttlMs` and `idleMs`.
   */
  readonly isHeld?: ((key: K, value: V) => boolean) | undefined;
  /** Logs errors of listeners. Defaults to `silentLogger`. */
  readonly logger?: Logger | undefined;
}

/** Options of {@link PortableCache.getWith}. */
export interface GetWithOptions {
  /**
   * Cancels only this call: it rejects with the signal's reason, and other callers of the same key keep
   * waiting.
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A bounded cache in process, the same on every runtime: no timers, no host API, time only from `clock`.
 *
 * - At capacity an insert removes the entry that was inserted first. Reading or overwriting an entry does not
 *   change that order; overwriting restarts both times. An expired entry is absent: inserting its key makes
 *   it the newest.
 * - An entry expires at `written + ttlMs` or `last read + idleMs`, whichever is earlier, inclusive.
 * - Expired entries are never returned. Later calls free a few each, at the latest after another
 *   `min(ttlMs, idleMs)`; a cache that is not called frees nothing.
 * - A guard (`isHeld`) keeps entries in use. When all entries are in use, the cache exceeds its capacity and
 *   shrinks with later inserts. A held entry that was passed over counts as newly inserted.
 *
 * Every operation is O(1) in the worst case, except `iter` and `invalidateAll` with a listener, which are
 * O(n), and growing, shrinking and `entryCount`, which are amortised. Values are held by reference and never
 * copied. Keys are compared as in a `Map`. `undefined` is not a value; it means absent.
 *
 * @example
 * ```ts
 * import { PortableCache } from "@holdfast/store/cache";
 * import { FakeClock } from "@holdfast/store/testing";
 *
 * const clock = new FakeClock();
 * const cache = new PortableCache<string, string>({ capacity: 250, ttlMs: 60_000, clock });
 * const [a, b] = await Promise.all([
 *   cache.getWith("group", async () => "loaded once"),
 *   cache.getWith("group", async () => "not called"),
 * ]);
 * if (a !== b || cache.get("group") !== "loaded once") throw new Error("it was loaded twice");
 * clock.advance(60_000);
 * if (cache.get("group") !== undefined) throw new Error("it has not expired");
 * ```
 */
export class PortableCache<K, V> {
  readonly #table: SlotTable<K, V>;
  /** `undefined` until the first load. */
  #flights: SingleFlight<K> | undefined;
  /** `undefined` when nothing expires: then the time is not needed. */
  readonly #clock: Clock | undefined;
  readonly #capacity: number;
  readonly #ttlMs: number;
  readonly #idleMs: number;
  /** Maximum time from a write or read of an entry to its due time. `Infinity` when nothing expires. */
  readonly #periodMs: number;
  readonly #onEvict: EvictionListener<K, V> | undefined;
  readonly #isHeld: ((key: K, value: V) => boolean) | undefined;
  readonly #logger: Logger;
  /** Last time of the clock. */
  #clockMs: number;
  /** Time that the clock has moved forward since the cache was created. */
  #ownMs = 0;
  /**
   * Time of the clock at which nothing was due; `NaN` while an entry may be due. A written entry is never due
   * at once.
   */
  #sweptMs = Number.NaN;

  /**
   * Creates an empty cache.
   *
   * @throws {RangeError} When a number is out of range.
   * @throws {TypeError} When `isHeld` is combined with an expiry.
   */
  constructor(options: PortableCacheOptions<K, V>) {
    requireObject("options", options);
    const { capacity, ttlMs = Number.POSITIVE_INFINITY, idleMs = Number.POSITIVE_INFINITY } = options;
    if (!Number.isSafeInteger(capacity) || capacity < 0)
      throw new RangeError("create cache: capacity is not a count of entries");
    for (const ms of [ttlMs, idleMs])
      if (typeof ms !== "number" || !(ms > 0))
        throw new RangeError("create cache: an expiry is not a positive time in ms");
    this.#periodMs = Math.min(ttlMs, idleMs);
    if (options.isHeld !== undefined && this.#periodMs !== Number.POSITIVE_INFINITY)
      throw new TypeError("create cache: isHeld is combined with an expiry");
    const expires = this.#periodMs !== Number.POSITIVE_INFINITY;
    if (expires) requireFunction("clock.nowMs", options.clock?.nowMs);
    this.#clock = expires ? options.clock : undefined;
    this.#clockMs = this.#clock === undefined ? 0 : this.#clock.nowMs();
    this.#table = new SlotTable(capacity);
    this.#capacity = capacity;
    this.#ttlMs = ttlMs;
    this.#idleMs = idleMs;
    this.#onEvict = options.onEvict;
    this.#isHeld = options.isHeld;
    this.#logger = options.logger ?? silentLogger;
  }

  /** The value of a key; `undefined` when it is absent. Counts as a read: restarts the idle time. */
  get(key: K): V | undefined {
    const nowMs = this.#sweptNowMs();
    const table = this.#table;
    const slot = table.slots.get(key);
    if (slot === undefined) return undefined;
    const { ends } = table;
    const idle = 2 * slot + 1;
    if (nowMs >= (ends[idle - 1] as number) || nowMs >= (ends[idle] as number))
      return this.#drop(slot, "expired");
    ends[idle] = nowMs + this.#idleMs;
    return table.values[slot];
  }

  /** Whether a key is present. Does not count as a read. */
  has(key: K): boolean {
    const slot = this.#table.slots.get(key);
    return slot !== undefined && !this.#isExpired(slot, this.#nowMs());
  }

  /**
   * Writes a value. The results of running loads of the key are not cached.
   *
   * @throws {TypeError} When the value is `undefined`.
   */
  insert(key: K, value: V): void {
    if (this.#flights !== undefined && this.#flights.size > 0) this.#flights.detach(key);
    this.#put(key, value);
  }

  /**
   * The value of a key; when it is absent, inserts and returns the result of `make`. It is synchronous, so a
   * lock or lane cannot be evicted before the caller holds it.
   */
  getOrInsert(key: K, make: () => V): V {
    const present = this.get(key);
    if (present !== undefined) return present;
    requireFunction("make", make);
    const made = make();
    this.insert(key, made);
    return made;
  }

  /**
   * The value of a key, loaded by `load` when it is absent. Callers during a load share it and get the same
   * value or error. An error is not cached, and the next caller loads again. Neither is `undefined`, which
   * means that there is no value, nor the result of a load during which the key was written or removed.
   *
   * Cancelling a caller does not affect the others. When the load of the cancelled caller fails afterwards,
   * the load of the next waiting caller runs.
   *
   * @throws The error of `load`; the reason of `signal` when this call is cancelled.
   */
  getWith<R extends V | undefined>(
    key: K,
    load: () => R | Promise<R>,
    options: GetWithOptions = {},
  ): Promise<V | R> {
    if (typeof load !== "function")
      return Promise.reject(new ArgumentTypeError("load into cache: load is not a function"));
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    const present = this.get(key);
    if (present !== undefined) return Promise.resolve(present);
    this.#flights ??= new SingleFlight();
    return this.#flights.run<V | R>(
      key,
      async (flight) => {
        const value = await load();
        if (value !== undefined && flight.attached) this.#put(key, value);
        return value;
      },
      options.signal,
    );
  }

  /** Removes a key and returns its value. The results of running loads of the key are not cached. */
  remove(key: K): V | undefined {
    this.#flights?.detach(key);
    const slot = this.#table.slots.get(key);
    if (slot === undefined) return undefined;
    const value = this.#table.values[slot];
    const expired = this.#isExpired(slot, this.#nowMs());
    this.#drop(slot, expired ? "expired" : "removed");
    return expired ? undefined : value;
  }

  /** Removes a key. */
  invalidate(key: K): void {
    this.remove(key);
  }

  /** Removes every key. The results of running loads are not cached. */
  invalidateAll(): void {
    this.#flights?.detachAll();
    const nowMs = this.#nowMs();
    const left = this.#onEvict === undefined ? [] : this.#entries();
    const expired = left.map(([, , slot]) => this.#isExpired(slot, nowMs));
    this.#table.clear();
    for (const [index, [key, value]] of left.entries())
      this.#notify(key, value, expired[index] ? "expired" : "removed");
  }

  /**
   * Number of entries, after freeing expired ones. Exact for a cache without `idleMs`; with `idleMs`, an
   * entry that was read may count until `min(ttlMs, idleMs)` after it expired.
   */
  entryCount(): number {
    this.#sweep(this.#nowMs(), Number.POSITIVE_INFINITY);
    return this.#table.slots.size;
  }

  /** What the cache holds: its entries as `entryCount`, and their estimated bytes, from the oldest ones. */
  approximateSize(): CacheSize {
    const entries = this.entryCount();
    const sample = this.#entries(SAMPLE);
    const estimate = newEstimate();
    let bytes = 0;
    for (const [key, value] of sample) {
      bytes += approximateBytes(key, estimate) + approximateBytes(value, estimate);
    }
    return { entries, bytes: Math.round((bytes / (sample.length || 1)) * entries) };
  }

  /** A copy of the present entries, oldest first. Does not count as a read. */
  iter(): [key: K, value: V][] {
    const nowMs = this.#nowMs();
    return this.#entries()
      .filter(([, , slot]) => !this.#isExpired(slot, nowMs))
      .map(([key, value]) => [key, value]);
  }

  /** The cache's own time: that of the clock, except that it stands still where the clock steps back. */
  #nowMs(): number {
    const clock = this.#clock;
    if (clock === undefined) return 0;
    const readMs = clock.nowMs();
    if (readMs !== this.#clockMs) this.#follow(readMs);
    return this.#ownMs;
  }

  /**
   * As `#nowMs`, after a look at a few entries that are due. Every read and write begins here, so the usual
   * case, that the clock stands where nothing was due, is one comparison. Flags would cost more: the engine
   * tests a field for all that is falsy.
   */
  #sweptNowMs(): number {
    const clock = this.#clock;
    if (clock === undefined) return 0;
    const readMs = clock.nowMs();
    if (readMs !== this.#sweptMs) this.#catchUp(readMs);
    return this.#ownMs;
  }

  #catchUp(readMs: number): void {
    if (readMs !== this.#clockMs) this.#follow(readMs);
    this.#sweep(this.#ownMs, SWEPT_PER_CALL);
    // A listener may have read the clock again, so not `readMs`.
    this.#sweptMs = this.#ownMs >= this.#table.nextDueAtMs ? Number.NaN : this.#clockMs;
  }

  #follow(readMs: number): void {
    this.#ownMs += Math.max(0, readMs - this.#clockMs);
    this.#clockMs = readMs;
    this.#sweptMs = Number.NaN;
  }

  #isExpired(slot: number, nowMs: number): boolean {
    const { ends } = this.#table;
    return nowMs >= (ends[2 * slot] as number) || nowMs >= (ends[2 * slot + 1] as number);
  }

  #put(key: K, value: V): void {
    if (value === undefined) throw new TypeError("insert into cache: undefined means absent");
    const nowMs = this.#sweptNowMs();
    const table = this.#table;
    const slot = table.slots.get(key);
    const expired = slot !== undefined && this.#isExpired(slot, nowMs);
    if (slot !== undefined && !expired) this.#overwrite(slot, value, nowMs);
    else if (this.#capacity === 0) this.#notify(key, value, "capacity");
    else if (slot !== undefined) this.#putInPlaceOf(slot, "expired", key, value, nowMs);
    else if (table.slots.size < this.#capacity)
      table.add(key, value, nowMs + this.#ttlMs, nowMs + this.#idleMs);
    else if (this.#isHeld === undefined) this.#putInPlaceOfOldest(key, value, nowMs);
    else this.#putBesideHeld(key, value, nowMs);
  }

  #overwrite(slot: number, value: V, nowMs: number): void {
    const table = this.#table;
    const before = table.values[slot] as V;
    table.values[slot] = value;
    table.ends[2 * slot] = nowMs + this.#ttlMs;
    table.ends[2 * slot + 1] = nowMs + this.#idleMs;
    table.reschedule(slot, nowMs + this.#periodMs);
    if (this.#onEvict !== undefined) this.#notify(table.keys[slot] as K, before, "replaced");
  }

  #putInPlaceOfOldest(key: K, value: V, nowMs: number): void {
    const table = this.#table;
    const oldest = table.oldest;
    if (this.#onEvict === undefined)
      table.replace(oldest, key, value, nowMs + this.#ttlMs, nowMs + this.#idleMs);
    else
      this.#putInPlaceOf(oldest, this.#isExpired(oldest, nowMs) ? "expired" : "capacity", key, value, nowMs);
  }

  /** Calls the listener after the new entry is in place, so that the listener sees the final state. */
  #putInPlaceOf(slot: number, reason: EvictionReason, key: K, value: V, nowMs: number): void {
    const table = this.#table;
    const oldKey = table.keys[slot] as K;
    const oldValue = table.values[slot] as V;
    table.replace(slot, key, value, nowMs + this.#ttlMs, nowMs + this.#idleMs);
    if (this.#onEvict !== undefined) this.#notify(oldKey, oldValue, reason);
  }

  /**
   * Adds an entry and evicts unheld ones, oldest first, until the cache fits or the limit of checks is
   * reached.
   */
  #putBesideHeld(key: K, value: V, nowMs: number): void {
    const table = this.#table;
    table.add(key, value, nowMs + this.#ttlMs, nowMs + this.#idleMs);
    for (let seen = 0; seen < GUARDED_PER_CALL && table.slots.size > this.#capacity; seen += 1) {
      const oldest = table.oldest;
      if (oldest === table.slots.get(key)) return;
      if (this.#isHeld?.(table.keys[oldest] as K, table.values[oldest] as V)) table.renew(oldest);
      else this.#drop(oldest, "capacity");
    }
  }

  /** Frees expired entries among the due ones; checks at most `limit`. */
  #sweep(nowMs: number, limit: number): void {
    const table = this.#table;
    for (let seen = 0; seen < limit && nowMs >= table.nextDueAtMs; seen += 1) {
      const slot = table.firstDue;
      if (this.#isExpired(slot, nowMs)) this.#drop(slot, "expired");
      else table.reschedule(slot, this.#expiresAtMs(slot));
    }
  }

  #expiresAtMs(slot: number): number {
    const { ends } = this.#table;
    return Math.min(ends[2 * slot] as number, ends[2 * slot + 1] as number);
  }

  #drop(slot: number, reason: EvictionReason): undefined {
    const key = this.#table.keys[slot] as K;
    const value = this.#table.values[slot] as V;
    this.#table.remove(slot);
    this.#notify(key, value, reason);
  }

  #entries(limit = Number.POSITIVE_INFINITY): [key: K, value: V, slot: number][] {
    const table = this.#table;
    const entries: [K, V, number][] = [];
    for (let slot = table.oldest; slot !== 0 && entries.length < limit; slot = table.after(slot))
      entries.push([table.keys[slot] as K, table.values[slot] as V, slot]);
    return entries;
  }

  #notify(key: K, value: V, reason: EvictionReason): void {
    if (this.#onEvict === undefined) return;
    try {
      this.#onEvict(key, value, reason);
    } catch (error) {
      const name = error instanceof Error ? error.name : typeof error;
      this.#logger.log("error", "evict from cache: the listener threw", { reason, error: name });
    }
  }
}
