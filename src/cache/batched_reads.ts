import type { ValueCache } from "./cache_defaults.ts";

/** A cache and its source, which must return a value for every key, also for keys without data. */
export interface CachedReads<V, D> {
  readonly cache: ValueCache<string, V>;
  /** Reads values, in the order of the keys. `details` are what the callers passed with the keys. */
  read(keys: readonly string[], details: readonly D[]): Promise<readonly V[]>;
}

/** Keys that are read together. */
interface Query<V, D> {
  readonly keys: string[];
  readonly details: D[];
  readonly answer: Promise<readonly V[]>;
}

/** A key of a query that is running or about to begin. */
interface Place<V, D> {
  readonly query: Query<V, D>;
  readonly index: number;
}

/**
 * Reads values by key from the cache. Reads missing ones together: one query for all keys requested in one
 * turn, and none for a key whose read is running. A value written to the cache during the read is kept.
 *
 * The owner writes through it, so that a running read notices what is newer than its answer.
 */
export class BatchedReads<V, D> {
  readonly #reads: CachedReads<V, D>;
  readonly #cache: ValueCache<string, V>;
  #next: Query<V, D> | undefined;
  /**
   * Places of keys whose answer will be cached and is shared by later callers, for caches in process. One map
   * for thousands of keys: a promise and a load for each takes longer than to read them.
   */
  #running: Map<string, Place<V, D>> | undefined;

  constructor(reads: CachedReads<V, D>) {
    this.#reads = reads;
    this.#cache = reads.cache;
  }

  get isInProcess(): boolean | undefined {
    return this.#cache.isInProcess;
  }

  /** @throws The source's error. The next call queries the source again. */
  async get(key: string, detail: D): Promise<V> {
    const [value] = await this.getMany([key], [detail]);
    return value as V;
  }

  /** As `get`, for many keys, in their order. Each is read once. */
  async getMany(keys: readonly string[], details: readonly D[]): Promise<V[]> {
    const values = new Array<V>(keys.length);
    /** Missing keys: the index of the key and its place. */
    const missing: number[] = [];
    const places: Place<V, D>[] = [];
    const isElsewhere = this.isInProcess === false;
    for (let index = 0; index < keys.length; index += 1) {
      const key = keys[index] as string;
      const cached = isElsewhere ? undefined : this.#cache.get(key);
      if (isElsewhere || cached instanceof Promise)
        return await Promise.all(keys.map((key, at) => this.#load(key, details[at] as D)));
      if (cached !== undefined) values[index] = cached;
      else {
        missing.push(index);
        places.push(this.#placeOf(key, details[index] as D));
      }
    }
    let query: Query<V, D> | undefined;
    let answer: readonly V[] = [];
    for (let at = 0; at < places.length; at += 1) {
      const place = places[at] as Place<V, D>;
      // The keys of one call are nearly always in one query.
      if (place.query !== query) {
        query = place.query;
        answer = await query.answer;
      }
      values[missing[at] as number] = answer[place.index] as V;
    }
    return values;
  }

  /** The cached value, without waiting. */
  peek(key: string): V | undefined {
    const cached = this.#cache.get(key);
    return cached instanceof Promise ? undefined : cached;
  }

  /** Writes a value. The answers of running reads of the key are not cached. */
  insert(key: string, value: V): void | Promise<void> {
    this.#running?.delete(key);
    return this.#cache.insert(key, value);
  }

  /** Removes a key. The answers of running reads of it are not cached. */
  invalidate(key: string): void | Promise<void> {
    this.#running?.delete(key);
    return this.#cache.invalidate(key);
  }

  /** Removes every key, as `invalidate`. */
  invalidateAll(): void {
    this.#running = undefined;
    this.#cache.invalidateAll();
  }

  #placeOf(key: string, detail: D): Place<V, D> {
    this.#running ??= new Map();
    let place = this.#running.get(key);
    if (place === undefined) {
      place = this.#join(key, detail);
      this.#running.set(key, place);
    }
    return place;
  }

  /** A value of a cache in a store, which shares the reads of a key itself. */
  #load(key: string, detail: D): Promise<V> {
    return this.#cache.getWith(key, async () => {
      const { query, index } = this.#join(key, detail);
      return (await query.answer)[index] as V;
    });
  }

  /** Joins the query that begins at the end of this turn. */
  #join(key: string, detail: D): Place<V, D> {
    this.#next ??= this.#begin();
    const query = this.#next;
    query.details.push(detail);
    return { query, index: query.keys.push(key) - 1 };
  }

  #begin(): Query<V, D> {
    const keys: string[] = [];
    const details: D[] = [];
    const answer = Promise.resolve().then(async () => {
      this.#next = undefined;
      try {
        const values = await this.#reads.read(keys, details);
        this.#end(query, values);
        return values;
      } catch (error) {
        this.#end(query, undefined);
        throw error;
      }
    });
    // A caller that waits for several queries sees the first failure alone.
    answer.catch(() => {});
    const query: Query<V, D> = { keys, details, answer };
    return query;
  }

  /** Caches the answers of the keys that nothing has written or removed since. */
  #end({ keys, answer }: Query<V, D>, values: readonly V[] | undefined): void {
    for (let index = 0; index < keys.length; index += 1) {
      const key = keys[index] as string;
      if (this.#running?.get(key)?.query.answer !== answer) continue;
      this.#running.delete(key);
      if (values !== undefined) void this.#cache.insert(key, values[index] as V);
    }
    if (this.#running?.size === 0) this.#running = undefined;
  }
}
