import type { CacheEntry } from "./cache_entry.ts";
import { EntryMemory } from "./entry_memory.ts";

/** Options of {@link EntryTable}. */
export interface EntryTableOptions {
  /** Counts the entries and evicts clean ones. Tables may share it. */
  readonly memory: EntryMemory;
  /** Called after an entry is removed. */
  readonly removed: (address: string) => void;
}

/** The entries of one store by address. */
export class EntryTable<V> {
  readonly #removed: EntryTableOptions["removed"];
  readonly #entries = new Map<string, CacheEntry<V>>();
  #memory: EntryMemory;

  constructor({ memory, removed }: EntryTableOptions) {
    this.#memory = memory;
    this.#removed = removed;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Whether a further clean record would be packed soon. */
  get isFull(): boolean {
    return this.#memory.isFull;
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
    this.#memory.add(entry);
    this.#entries.set(entry.address, entry);
  }

  /** Records the use of a clean entry. */
  touch(entry: CacheEntry<V>): void {
    this.#memory.touch(entry);
  }

  /** Updates the memory after the size or the form of an entry has changed. */
  recount(entry: CacheEntry<V>): void {
    if (this.has(entry)) this.#memory.recount(entry);
  }

  /** A packed record was decoded. */
  unpacked(entry: CacheEntry<V>): void {
    if (this.has(entry)) this.#memory.unpacked(entry);
  }

  /** Removes an entry from the clean ones. Call before its value changes. */
  becameDirty(entry: CacheEntry<V>): void {
    if (this.has(entry)) this.#memory.hold(entry);
  }

  /** Adds an entry to the clean ones. */
  becameClean(entry: CacheEntry<V>): void {
    if (entry.pins === 0 && this.has(entry)) this.#memory.rest(entry);
  }

  /** Keeps an entry in memory until `unpin` is called as often. */
  pin(entry: CacheEntry<V>): void {
    if (this.has(entry)) this.#memory.hold(entry);
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

  /** Evicts clean entries of all tables of the memory down to its limit. */
  evict(): void {
    this.#memory.evict();
  }

  /** Evicts every clean entry of this table that may be evicted. */
  evictClean(): void {
    for (const entry of [...this.#entries.values()]) if (entry.list !== undefined) entry.owner.evict(entry);
  }

  /** Removes an entry. */
  drop(entry: CacheEntry<V>): void {
    if (!this.has(entry)) return;
    this.#memory.remove(entry);
    this.#entries.delete(entry.address);
    this.#removed(entry.address);
  }

  /** Removes the entry of an address if it is clean and not pinned, because it may be older than its row. */
  forget(address: string): void {
    const entry = this.#entries.get(address);
    if (entry !== undefined && !entry.isDirty && entry.pins === 0) this.drop(entry);
  }

  /** Removes all entries, including dirty ones. */
  clear(): void {
    for (const entry of [...this.#entries.values()]) this.drop(entry);
  }

  /** Removes all entries. What is added later belongs to this table alone, not to the shared memory. */
  close(): void {
    this.clear();
    this.#memory = new EntryMemory({ limit: 1 });
  }
}
