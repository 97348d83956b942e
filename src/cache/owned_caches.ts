import type { CacheBuilder, CacheSlot, ValueCache } from "./account_caches.ts";

/** The caches of one owner, who closes them together. */
export class OwnedCaches implements CacheBuilder {
  readonly #builder: CacheBuilder;
  readonly #owner: string;
  readonly #built: ValueCache<string, never>[] = [];

  /**
   * @param owner Letters and digits that no other owner has: accounts that share a store have namespaces of
   * their own.
   */
  constructor(builder: CacheBuilder, owner: string) {
    this.#builder = builder;
    this.#owner = owner;
  }

  /** Makes a cache that belongs to the owner. Its namespace ends with the owner. */
  build<V>(slot: CacheSlot<V>): ValueCache<string, V> {
    const cache = this.#builder.build({ ...slot, namespace: `${slot.namespace}_${this.#owner}` });
    this.#built.push(cache as unknown as ValueCache<string, never>);
    return cache;
  }

  /**
   * Closes every cache that was made: those in a store give up what they wait for, and leave no scheduled
   * task behind.
   */
  close(): void {
    for (const cache of this.#built.splice(0)) cache.close?.();
  }
}
