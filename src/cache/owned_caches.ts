import type { CacheBuilder, CacheSlot, ValueCache } from "./account_caches.ts";

/** The caches of one owner, who closes them together. */
export class OwnedCaches implements CacheBuilder {
  readonly #builder: CacheBuilder;
  readonly #built: ValueCache<string, never>[] = [];

  constructor(builder: CacheBuilder) {
    this.#builder = builder;
  }

  /** Makes a cache that belongs to the owner. */
  build<V>(slot: CacheSlot<V>): ValueCache<string, V> {
    const cache = this.#builder.build(slot);
    this.#built.push(cache as unknown as ValueCache<string, never>);
    return cache;
  }

  /** Closes every cache that was made: those in a store give up what they wait for, and leave no scheduled task behind. */
  close(): void {
    for (const cache of this.#built.splice(0)) cache.close?.();
  }
}
