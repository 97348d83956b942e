/** An element of a list. It has its own links, so that moving it needs no memory and no look-up. */
export interface Linked<T> {
  older: T | undefined;
  newer: T | undefined;
}

/** Entries in order of use. All operations are O(1), unlike finding the oldest key of a `Map`. */
export class RecencyList<T extends Linked<T>> {
  #newest: T | undefined;
  #oldest: T | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The least recently used entry. */
  get oldest(): T | undefined {
    return this.#oldest;
  }

  /** Adds an entry that is in no list, as the newest. */
  add(entry: T): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
    this.#size += 1;
  }

  /** Removes an entry of this list. */
  remove(entry: T): void {
    const { older, newer } = entry;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    entry.older = undefined;
    entry.newer = undefined;
    this.#size -= 1;
  }

  /** Makes an entry of this list the newest. */
  touch(entry: T): void {
    if (entry === this.#newest) return;
    this.remove(entry);
    this.add(entry);
  }
}
