import { type Clock, type Logger, silentLogger } from "../ports/mod.ts";
import { SingleFlight } from "./_single_flight.ts";
import { SlotTable } from "./_slot_table.ts";

/**
 * Entries that one call looks at, at most, to free what has expired. More than a call adds, so sweeping keeps
 * up.
 */
const SWEPT_PER_CALL = 4;

/** Entries that one insert looks at, at most, for one that is not held. */
const GUARDED_PER_CALL = 8;

/**
 * Why an entry left the cache:
 *
 * - `expired`: its time to live or its idle time was over;
 * - `capacity`: it was the oldest when room was needed, or the cache holds nothing;
 * - `replaced`: another value was inserted under its key;
 * - `removed`: it was removed or invalidated.
 */
export type EvictionReason = "expired" | "capacity" | "replaced" | "removed";

/**
 * Is told of each entry that left, once, after it left. It may use the cache. What it throws is logged and
 * goes nowhere.
 */
export type EvictionListener<K, V> = (key: K, value: V, reason: EvictionReason) => void;

/** Options of a {@link PortableCache}. */
export interface PortableCacheOptions<K, V> {
  /**
   * Entries that are held at most. 0 holds nothing: everything is loaded each time, still one load a key at a
   * time.
   */
  readonly capacity: number;
  /** The only source of time. A step backwards counts as no time at all. */
  readonly clock: Clock;
  /**
   * An entry is gone when this time has passed since it was written, in milliseconds. Defaults to no limit.
   */
  readonly ttlMs?: number | undefined;
  /** An entry is gone when it was not read for this time, in milliseconds. Defaults to no limit. */
  readonly idleMs?: number | undefined;
  /** Is told of each entry that leaves. */
  readonly onEvict?: EvictionListener<K, V> | undefined;
  /**
   * Returns whether a value is in use, such as a lock that is taken. A value in use is not evicted.
   * Only for caches without `ttlMs` and `idleMs`.
   */
  readonly isHeld?: ((key: K, value: V) => boolean) | undefined;
  /** Logs listeners that throw. Defaults to a logger that drops everything. */
  readonly logger?: Logger | undefined;
}

/** Options of {@link PortableCache.getWith}. */
export interface GetWithOptions {
  /**
   * Cancels this call alone: it rejects with the signal's reason, and others that wait for the same key go
   * on.
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A bounded cache in process, the same on every runtime: no timers, no host API, time from a given clock
 * alone.
 *
 * - At capacity the entry that was inserted first makes room. Reading does not change that order, and neither
 *   does overwriting, which only starts both clocks again. An entry that has expired is absent, so inserting
 *   its key is new.
 * - An entry has expired at `written + ttlMs` or `last read + idleMs`, whichever is first, that moment
 *   included.
 * - Expired entries are never given out. They are freed by later calls, a few each, at the latest when
 *   `min(ttlMs, idleMs)` has passed again; a cache that is not called frees nothing.
 * - A guard (`isHeld`) keeps what is in use. When everything is in use the cache exceeds its capacity by what
 *   is inserted and shrinks again with later inserts. A held entry that was passed over counts as inserted
 *   again.
 *
 * Every operation is O(1), save `iter`, and `invalidateAll` with a listener; worst case but for growing,
 * shrinking and `entryCount`, which are amortised. Values are held by reference and never copied: the caller
 * and the cache share them. Keys are compared as those of a `Map`. `undefined` is no value, it means absent.
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
  readonly #table = new SlotTable<K, V>();
  readonly #flights = new SingleFlight<K>();
  /** `undefined` when nothing expires: then there is no need to know the time. */
  readonly #clock: Clock | undefined;
  readonly #capacity: number;
  readonly #ttlMs: number;
  readonly #idleMs: number;
  /** No entry is due later than this after it was written or read. Infinite when nothing expires. */
  readonly #periodMs: number;
  readonly #onEvict: EvictionListener<K, V> | undefined;
  readonly #isHeld: ((key: K, value: V) => boolean) | undefined;
  readonly #logger: Logger;
  /** What the clock said last. */
  #clockMs: number;
  /** Time that the clock has gone forward since the cache was made. */
  #ownMs = 0;
  /**
   * What the clock said when nothing was due; not a number while something may be. What is written is never
   * due at once.
   */
  #sweptMs = Number.NaN;

  /**
   * @throws {RangeError} When a number is out of range. @throws {TypeError} When a guard is given together
   * with an expiry.
   */
  constructor(options: PortableCacheOptions<K, V>) {
    const { capacity, ttlMs = Number.POSITIVE_INFINITY, idleMs = Number.POSITIVE_INFINITY } = options;
    if (!Number.isSafeInteger(capacity) || capacity < 0)
      throw new RangeError(`create cache: capacity ${capacity} is not a count of entries`);
    for (const ms of [ttlMs, idleMs])
      if (!(ms > 0)) throw new RangeError(`create cache: an expiry of ${ms} ms is not positive`);
    this.#periodMs = Math.min(ttlMs, idleMs);
    if (options.isHeld !== undefined && this.#periodMs !== Number.POSITIVE_INFINITY)
      throw new TypeError("create cache: what may be held does not expire");
    this.#clock = this.#periodMs === Number.POSITIVE_INFINITY ? undefined : options.clock;
    this.#clockMs = this.#clock === undefined ? 0 : this.#clock.nowMs();
    this.#capacity = capacity;
    this.#ttlMs = ttlMs;
    this.#idleMs = idleMs;
    this.#onEvict = options.onEvict;
    this.#isHeld = options.isHeld;
    this.#logger = options.logger ?? silentLogger;
  }

  /** The value of a key, `undefined` when it is absent. Counts as a read: the idle time starts again. */
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
   * Writes a value. Loads of the key that are under way are not kept when they end.
   *
   * @throws {TypeError} When the value is `undefined`.
   */
  insert(key: K, value: V): void {
    if (this.#flights.size > 0) this.#flights.detach(key);
    this.#put(key, value);
  }

  /**
   * The value of a key, and when it is absent the one that `make` makes, which is inserted. In one step, with
   * no other code in between. Locks and lanes are taken with it, since the value cannot be evicted before it
   * is held.
   */
  getOrInsert(key: K, make: () => V): V {
    const present = this.get(key);
    if (present !== undefined) return present;
    const made = make();
    this.insert(key, made);
    return made;
  }

  /**
   * The value of a key, loaded by `load` when it is absent. Callers that meet the same load share it: one
   * value, or one error. A load that fails is not kept, and the next caller loads again; neither is
   * `undefined`, which says that there is no such value, nor a load during which the key was written or
   * removed.
   *
   * A cancelled caller leaves alone. When the load was its own and fails after that, the load of the next
   * waiting caller runs instead. There is no variant by reference: keys are not copied.
   *
   * @throws What `load` throws; the reason of `signal` when this call is cancelled.
   */
  getWith<R extends V | undefined>(
    key: K,
    load: () => R | Promise<R>,
    options: GetWithOptions = {},
  ): Promise<V | R> {
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    const present = this.get(key);
    if (present !== undefined) return Promise.resolve(present);
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

  /**
   * Removes a key and returns the value that it had. Loads of the key that are under way are not kept when
   * they end.
   */
  remove(key: K): V | undefined {
    this.#flights.detach(key);
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

  /** Removes every key. Loads that are under way are not kept when they end. */
  invalidateAll(): void {
    this.#flights.detachAll();
    const nowMs = this.#nowMs();
    const left = this.#onEvict === undefined ? [] : this.#entries();
    const expired = left.map(([, , slot]) => this.#isExpired(slot, nowMs));
    this.#table.clear();
    for (const [index, [key, value]] of left.entries())
      this.#notify(key, value, expired[index] ? "expired" : "removed");
  }

  /**
   * How many entries are held, after freeing those that are known to have expired. Exact for a cache without
   * `idleMs`; with it, an entry that was read may be counted until `min(ttlMs, idleMs)` after it expired.
   */
  entryCount(): number {
    this.#sweep(this.#nowMs(), Number.POSITIVE_INFINITY);
    return this.#table.slots.size;
  }

  /**
   * What is present now, oldest first: a copy, which later changes leave as it is. Does not count as reading.
   */
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

  /**
   * The listener hears of the old entry when the new one is there, so that it meets the cache as it will be.
   */
  #putInPlaceOf(slot: number, reason: EvictionReason, key: K, value: V, nowMs: number): void {
    const table = this.#table;
    const oldKey = table.keys[slot] as K;
    const oldValue = table.values[slot] as V;
    table.replace(slot, key, value, nowMs + this.#ttlMs, nowMs + this.#idleMs);
    if (this.#onEvict !== undefined) this.#notify(oldKey, oldValue, reason);
  }

  /** Adds an entry and lets unheld ones go, oldest first, until there is room or enough were looked at. */
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

  /** Frees what has expired among the entries that are due, looking at `limit` of them. */
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

  #entries(): [key: K, value: V, slot: number][] {
    const table = this.#table;
    const entries: [K, V, number][] = [];
    for (let slot = table.oldest; slot !== 0; slot = table.after(slot))
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
