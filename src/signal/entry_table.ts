import type { CacheEntry } from "./cache_entry.ts";
import { RecencyList } from "./recency_list.ts";

/** What a table asks its store. */
export interface EntryTableOptions<V> {
  /** Entries that may be in memory, if enough of them are clean. At least 1. */
  readonly capacity: number;
  /** Whether a clean entry may leave. If not, it must have been made dirty. */
  readonly release: (entry: CacheEntry<V>) => boolean;
  /** An entry has left. */
  readonly removed: (address: string) => void;
}

/**
 * The entries of one store by address, and the order in which clean ones leave: negative ones first, then by
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
      throw new RangeError(`open Signal cache: capacity is ${capacity}, expected a positive integer`);
    }
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(address: string): CacheEntry<V> | undefined {
    return this.#entries.get(address);
  }

  /** Every entry, in no particular order. It must not be changed meanwhile. */
  entries(): Iterable<CacheEntry<V>> {
    return this.#entries.values();
  }

  /** Adds an entry that is clean. Others may leave for it; it stays until the next one comes. */
  add(entry: CacheEntry<V>): void {
    this.#shrink(this.#options.capacity - 1);
    this.#entries.set(entry.address, entry);
    this.#listOf(entry).add(entry);
  }

  /** Notes that a clean entry was used. */
  touch(entry: CacheEntry<V>): void {
    if (entry.pins === 0) this.#listOf(entry).touch(entry);
  }

  /** Takes an entry out of the clean ones, before its value changes. */
  becameDirty(entry: CacheEntry<V>): void {
    if (entry.pins === 0 && this.has(entry)) this.#listOf(entry).remove(entry);
  }

  /** Puts an entry among the clean ones. */
  becameClean(entry: CacheEntry<V>): void {
    if (entry.pins === 0 && this.has(entry)) this.#listOf(entry).add(entry);
  }

  /** Keeps an entry of the table in memory until it is unpinned as often. */
  pin(entry: CacheEntry<V>): void {
    if (entry.pins === 0 && !entry.isDirty) this.#listOf(entry).remove(entry);
    entry.pins += 1;
  }

  unpin(entry: CacheEntry<V>): void {
    entry.pins -= 1;
    if (!entry.isDirty) this.becameClean(entry);
  }

  /** Whether an entry is part of the table: not one that has left, or that another one has replaced. */
  has(entry: CacheEntry<V>): boolean {
    return this.#entries.get(entry.address) === entry;
  }

  /** Lets clean entries go until no more than the capacity are left, or none that may leave. */
  evict(): void {
    this.#shrink(this.#options.capacity);
  }

  /** Lets every clean entry go that may. */
  evictClean(): void {
    this.#shrink(0);
  }

  /** Lets the entry of an address go that is clean and that nobody holds: it may be older than its row. */
  forget(address: string): void {
    const entry = this.#entries.get(address);
    if (entry === undefined || entry.isDirty || entry.pins > 0) return;
    this.#drop(entry);
  }

  /** Forgets everything, dirty or not. */
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
