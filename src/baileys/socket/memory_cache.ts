import { PortableCache } from "../../cache/mod.ts";
import type { Clock } from "../../ports/mod.ts";

/** Options of {@link MemoryCache}. */
export interface MemoryCacheOptions<V> {
  readonly clock: Clock;
  /** Number of entries. The oldest go first. */
  readonly capacity: number;
  /** Lifetime of an entry after it was set, in milliseconds. */
  readonly ttlMs: number;
  /** Bytes of all values together; the oldest go first. Defaults to no limit. */
  readonly maxBytes?: number;
  /** Size of a value in bytes. Defaults to 0. */
  readonly sizeOf?: (value: V) => number;
  /** Copies a value that is handed out, when the caller may change it. */
  readonly copy?: (value: V) => V;
}

/** Baileys' `CacheStore` in memory, with a lifetime and limits. */
export class MemoryCache<V> {
  readonly #cache: PortableCache<string, V>;
  readonly #maxBytes: number;
  readonly #sizeOf: (value: V) => number;
  readonly #copy: (value: V) => V;
  #bytes = 0;

  constructor(options: MemoryCacheOptions<V>) {
    const { clock, capacity, ttlMs } = options;
    this.#maxBytes = options.maxBytes ?? Number.POSITIVE_INFINITY;
    this.#sizeOf = options.sizeOf ?? (() => 0);
    this.#copy = options.copy ?? ((value) => value);
    this.#cache = new PortableCache<string, V>({
      clock,
      capacity,
      ttlMs,
      onEvict: (_key, value) => {
        this.#bytes -= this.#sizeOf(value);
      },
    });
  }

  /** Bytes of all values together. */
  get bytes(): number {
    return this.#bytes;
  }

  readonly get = (key: string): V | undefined => {
    const value = this.#cache.get(key);
    return value === undefined ? undefined : this.#copy(value);
  };

  /** Keeps a copy. A value that is larger than all may be together is not kept. */
  readonly set = (key: string, value: V): void => {
    const size = this.#sizeOf(value);
    if (size > this.#maxBytes) {
      this.#cache.invalidate(key);
      return;
    }
    this.#cache.insert(key, this.#copy(value));
    this.#bytes += size;
    if (this.#bytes <= this.#maxBytes) return;
    for (const [oldest] of this.#cache.iter()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#cache.invalidate(oldest);
    }
  };

  readonly del = (key: string): void => this.#cache.invalidate(key);

  readonly flushAll = (): void => this.#cache.invalidateAll();
}
