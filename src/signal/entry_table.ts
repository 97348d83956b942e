import type { CacheEntry } from "./cache_entry.ts";
import { RecencyList } from "./recency_list.ts";

/** Options of {@link EntryTable}. */
export interface EntryTableOptions<V> {
  /** Maximum number of entries, at least 1. Dirty and pinned entries may exceed it. */
  readonly capacity: number;
  /** Returns whether a clean entry may be evicted. If not, it must have made the entry dirty. */
  readonly release: (entry: CacheEntry<V>) => boolean;
  /** Called after an entry is removed. */
  readonly removed: (address: string) => void;
}

/**
 * The entries of one store by address, and the eviction order of clean ones: negative ones first, then by
 * last use.
 */
export class EntryTable<V> {
  readonly #options: EntryTableOptions<V>;
  readonly #entries = new Map<string, CacheEntry<V>>();
  readonly #present = new RecencyList<CacheEntry<V>>();
  readonly #absent = new RecencyList<CacheEntry<V>>();

  /** @throws {RangeError} When the capacity is not a positive integer. */
  constructor(options: EntryTableOptions<V>) {
    const { capacity } = options;
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new RangeError("open Signal cache: capacity is not a positive integer");
    }
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(address: string): CacheEntry<V> | undefined {
    return this.#entries.get(address);
  }

  /** All entries, in no particular order. Do not change the table during the iteration. */
  entries(): Iterable<CacheEntry<V>> {
    return this.#entries.values();
  }

  /** Adds a clean entry and evicts others if needed. The entry stays at least until the next `add`. */
  add(entry: CacheEntry<V>): void {
    this.#shrink(this.#options.capacity - 1);
    this.#entries.set(entry.address, entry);
    this.#listOf(entry).add(entry);
  }

  /** Records the use of a clean entry. */
  touch(entry: CacheEntry<V>): void {
    if (entry.pins === 0) this.#listOf(entry).touch(entry);
  }

  /** Removes an entry from the clean ones. Call before its value changes. */
  becameDirty(entry: CacheEntry<V>): void {
    if (entry.pins === 0 && this.has(entry)) this.#listOf(entry).remove(entry);
  }

  /** Adds an entry to the clean ones. */
  becameClean(entry: CacheEntry<V>): void {
    if (entry.pins === 0 && this.has(entry)) this.#listOf(entry).add(entry);
  }

  /** Keeps an entry in memory until `unpin` is called as often. */
  pin(entry: CacheEntry<V>): void {
    if (entry.pins === 0 && !entry.isDirty) this.#listOf(entry).remove(entry);
    entry.pins += 1;
  }

  unpin(entry: CacheEntry<V>): void {
    entry.pins -= 1;
    if (!entry.isDirty) this.becameClean(entry);
  }

  /** Whether the table contains this entry, and not another one of its address. */
  has(entry: CacheEntry<V>): boolean {
    return this.#entries.get(entry.address) === entry;
  }

  /** Evicts clean entries down to the capacity. */
  evict(): void {
    this.#shrink(this.#options.capacity);
  }

  /** Evicts every clean entry that may be evicted. */
  evictClean(): void {
    this.#shrink(0);
  }

  /** Removes the entry of an address if it is clean and not pinned, because it may be older than its row. */
  forget(address: string): void {
    const entry = this.#entries.get(address);
    if (entry === undefined || entry.isDirty || entry.pins > 0) return;
    this.#drop(entry);
  }

  /** Removes all entries, including dirty ones. */
  clear(): void {
    const addresses = [...this.#entries.keys()];
    this.#entries.clear();
    while (this.#present.oldest !== undefined) this.#present.remove(this.#present.oldest);
    while (this.#absent.oldest !== undefined) this.#absent.remove(this.#absent.oldest);
    for (const address of addresses) this.#options.removed(address);
  }

  #shrink(size: number): void {
    while (this.#entries.size > size) {
      const entry = this.#absent.oldest ?? this.#present.oldest;
      if (entry === undefined) return;
      if (this.#options.release(entry)) this.#drop(entry);
    }
  }

  #drop(entry: CacheEntry<V>): void {
    this.#listOf(entry).remove(entry);
    this.#entries.delete(entry.address);
    this.#options.removed(entry.address);
  }

  #listOf(entry: CacheEntry<V>): RecencyList<CacheEntry<V>> {
    return entry.value === undefined ? this.#absent : this.#present;
  }
}
