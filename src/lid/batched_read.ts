import type { ValueCache } from "../cache/mod.ts";

/** A cache and the store behind it, which answers for every key, if only that there is nothing. */
export interface CachedReads<V> {
  readonly cache: ValueCache<string, V>;
  read(keys: readonly string[]): Promise<readonly V[]>;
}

interface Query<V> {
  readonly keys: string[];
  readonly answer: Promise<readonly V[]>;
}

/**
 * Values by key, from the cache where it has them. The others are read together: one query for all that are asked for in one
 * turn, and none for a key that is being read already. What was written to the cache meanwhile stays.
 */
export class BatchedReads<V> {
  readonly #reads: CachedReads<V>;
  #next: Query<V> | undefined;

  constructor(reads: CachedReads<V>) {
    this.#reads = reads;
  }

  /** @throws {StoreError} When the store could not be read. It is asked again next time. */
  async get(key: string): Promise<V> {
    return await this.#reads.cache.getWith(key, () => this.#load(key));
  }

  /** As `get`, for many. */
  async getMany(keys: readonly string[]): Promise<ReadonlyMap<string, V>> {
    const wanted = [...new Set(keys)];
    const values = await Promise.all(wanted.map((key) => this.get(key)));
    return new Map(wanted.map((key, index) => [key, values[index] as V]));
  }

  /** Joins the query that begins at the end of this turn. */
  async #load(key: string): Promise<V> {
    this.#next ??= this.#begin();
    const { keys, answer } = this.#next;
    const index = keys.push(key) - 1;
    return (await answer)[index] as V;
  }

  #begin(): Query<V> {
    const keys: string[] = [];
    const answer = Promise.resolve().then(async () => {
      this.#next = undefined;
      return await this.#reads.read(keys);
    });
    return { keys, answer };
  }
}
