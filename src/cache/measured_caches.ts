import type { Attachments } from "../attachments/mod.ts";
import type { ValueCache } from "./cache_defaults.ts";
import type { CacheSize } from "./cache_size.ts";

/** The caches of an account, for its statistics. */
export class MeasuredCaches {
  /** Reads the statistics of the Signal cache, once it is open. */
  signal: (() => object) | undefined;
  readonly #caches = new Map<string, Pick<ValueCache<never, unknown>, "approximateSize">>();

  /** The size of each cache in this process, by name. */
  get sizes(): Readonly<Record<string, CacheSize>> {
    const sizes: Record<string, CacheSize> = {};
    for (const [name, cache] of this.#caches) {
      const size = cache.approximateSize?.();
      if (size !== undefined) sizes[name] = size;
    }
    return sizes;
  }

  /** Counts a cache from now on, in place of an earlier one of the name. */
  add(name: string, cache: Pick<ValueCache<never, unknown>, "approximateSize">): void {
    this.#caches.set(name, cache);
  }
}

/** The measured caches of an account. */
export function measuredCaches({ attachments }: { readonly attachments: Attachments }): MeasuredCaches {
  return attachments.of(MeasuredCaches, () => new MeasuredCaches());
}
