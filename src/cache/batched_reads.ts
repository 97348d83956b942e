import type { ValueCache } from "./account_caches.ts";

/** A key that is asked for, and what the source needs to know beside it. */
export type Asked<D> = readonly [key: string, detail: D];

/** A cache and the source behind it, which answers for every key, if only that there is nothing. */
export interface CachedReads<V, D> {
  readonly cache: ValueCache<string, V>;
  read(asked: readonly Asked<D>[]): Promise<readonly V[]>;
}

interface Query<V, D> {
  readonly asked: Asked<D>[];
  readonly answer: Promise<readonly V[]>;
}

/**
 * Values by key, from the cache where it has them. The others are read together: one query for all that are
 * asked for in one turn, and none for a key that is being read already. A value that was written to the cache
 * during the read stays.
 */
export class BatchedReads<V, D> {
  readonly #reads: CachedReads<V, D>;
  #next: Query<V, D> | undefined;

  constructor(reads: CachedReads<V, D>) {
    this.#reads = reads;
  }

  /** @throws What the source throws. It is asked again next time. */
  async get(key: string, detail: D): Promise<V> {
    return await this.#reads.cache.getWith(key, () => this.#load(key, detail));
  }

  /** As `get`, for many, each once. */
  async getMany(asked: readonly Asked<D>[]): Promise<ReadonlyMap<string, V>> {
    const details = new Map(asked);
    const found = await Promise.all(
      [...details].map(async ([key, detail]) => [key, await this.get(key, detail)] as const),
    );
    return new Map(found);
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
