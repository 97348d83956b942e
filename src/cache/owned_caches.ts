import type { CacheBuilder, CacheSlot, ValueCache } from "./cache_defaults.ts";

/** The caches of one owner, which are closed together. */
export class OwnedCaches implements CacheBuilder {
  readonly #builder: CacheBuilder;
  readonly #owner: string;
  readonly #built: ValueCache<string, never>[] = [];

  /** @param owner Unique letters and digits, so that accounts that share a store use different namespaces. */
  constructor(builder: CacheBuilder, owner: string) {
    this.#builder = builder;
    this.#owner = owner;
  }

  /** Builds a cache of the owner. Its namespace ends with the owner. */
  build<V>(slot: CacheSlot<V>): ValueCache<string, V> {
    const cache = this.#builder.build({ ...slot, namespace: `${slot.namespace}_${this.#owner}` });
    this.#built.push(cache as unknown as ValueCache<string, never>);
    return cache;
  }

  /** Closes every built cache: those in a store reject waiting calls and remove their scheduled task. */
  close(): void {
    for (const cache of this.#built.splice(0)) cache.close?.();
  }
}
