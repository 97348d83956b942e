import type { ValueCache } from "./cache_defaults.ts";

/** A requested key and its details for the source. */
export type Asked<D> = readonly [key: string, detail: D];

/** A cache and its source, which must return a value for every key, also for keys without data. */
export interface CachedReads<V, D> {
  readonly cache: ValueCache<string, V>;
  read(asked: readonly Asked<D>[]): Promise<readonly V[]>;
}

interface Query<V, D> {
  readonly asked: Asked<D>[];
  readonly answer: Promise<readonly V[]>;
}

/**
 * Reads values by key from the cache. Reads missing ones together: one query for all keys requested in one
 * turn, and none for a key whose read is running. A value written to the cache during the read is kept.
 */
export class BatchedReads<V, D> {
  readonly #reads: CachedReads<V, D>;
  #next: Query<V, D> | undefined;

  constructor(reads: CachedReads<V, D>) {
    this.#reads = reads;
  }

  /** @throws The source's error. The next call queries the source again. */
  async get(key: string, detail: D): Promise<V> {
    return await this.#reads.cache.getWith(key, () => this.#load(key, detail));
  }

  /** As `get`, for many keys, each read once. */
  async getMany(asked: readonly Asked<D>[]): Promise<ReadonlyMap<string, V>> {
    const { cache } = this.#reads;
    const found = new Map<string, V>();
    const reads: Promise<unknown>[] = [];
    for (const [key, detail] of new Map(asked)) {
      const cached = cache.isInProcess === false ? undefined : cache.get(key);
      if (cached !== undefined && !(cached instanceof Promise)) found.set(key, cached);
      else reads.push(this.get(key, detail).then((value) => found.set(key, value)));
    }
    await Promise.all(reads);
    return found;
  }

  /** Joins the query that begins at the end of this turn. */
  async #load(key: string, detail: D): Promise<V> {
    this.#next ??= this.#begin();
    const { asked, answer } = this.#next;
    const index = asked.push([key, detail]) - 1;
    return (await answer)[index] as V;
  }

  #begin(): Query<V, D> {
    const asked: Asked<D>[] = [];
    const answer = Promise.resolve().then(async () => {
      this.#next = undefined;
      return await this.#reads.read(asked);
    });
    return { asked, answer };
  }
}
