import type { Transaction } from "./transaction.ts";

/** Options of a table. */
export interface TableOptions<V> {
  /** Length of a row's stored value in bytes, for snapshots. */
  bytesOf(row: V): number;
  /** The group by which rows are looked up together, for example the group of a sender key device. */
  groupOf?(row: V): string;
}

/**
 * Rows by key. A row is replaced and never changed in place, so a reader may keep it across awaits. Every
 * change belongs to a transaction that can undo it.
 */
export class Table<V> {
  readonly #rows = new Map<string, V>();
  readonly #groups = new Map<string, Set<string>>();
  readonly #options: TableOptions<V>;

  constructor(options: TableOptions<V>) {
    this.#options = options;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Sum of the stored values' lengths. */
  get bytes(): number {
    let bytes = 0;
    for (const row of this.#rows.values()) bytes += this.#options.bytesOf(row);
    return bytes;
  }

  get(key: string): V | undefined {
    return this.#rows.get(key);
  }

  /** All rows with their keys, in no particular order. */
  entries(): [key: string, row: V][] {
    return [...this.#rows];
  }

  /** The stored bytes of a row. */
  bytesOf(row: V): number {
    return this.#options.bytesOf(row);
  }

  /** All rows, in no particular order. */
  rows(): V[] {
    return [...this.#rows.values()];
  }

  /** The rows of one group, in no particular order. */
  rowsOf(group: string): V[] {
    return this.#keysOf(group).map((key) => this.#rows.get(key) as V);
  }

  /** Inserts or replaces a row. @returns Rows changed: 1. */
  set(key: string, row: V, transaction: Transaction): number {
    const before = this.#rows.get(key);
    transaction.change(
      () => this.#put(key, row),
      () => (before === undefined ? this.#remove(key) : this.#put(key, before)),
    );
    return 1;
  }

  /** Deletes a row. @returns Rows changed: 1, or 0 when there was none. */
  delete(key: string, transaction: Transaction): number {
    const before = this.#rows.get(key);
    if (before === undefined) return 0;
    transaction.change(
      () => this.#remove(key),
      () => this.#put(key, before),
    );
    return 1;
  }

  /** Deletes every row of a group. @returns Rows changed. */
  deleteGroup(group: string, transaction: Transaction): number {
    return this.#deleteAll(this.#keysOf(group), transaction);
  }

  /**
   * Deletes the rows for which `stale` holds, at most `limit` of them. `limit` defaults to all. @returns Rows
   * changed.
   */
  deleteWhere(stale: (row: V) => boolean, transaction: Transaction, limit?: number): number {
    const keys: string[] = [];
    for (const [key, row] of this.#rows) {
      if (keys.length === limit) break;
      if (stale(row)) keys.push(key);
    }
    return this.#deleteAll(keys, transaction);
  }

  /** Deletes every row. @returns Rows changed. */
  clear(transaction: Transaction): number {
    return this.#deleteAll([...this.#rows.keys()], transaction);
  }

  /** Replaces every row, without a transaction. */
  replaceEach(replace: (row: V) => V): void {
    for (const [key, row] of [...this.#rows]) this.#put(key, replace(row));
  }

  #deleteAll(keys: readonly string[], transaction: Transaction): number {
    let changed = 0;
    for (const key of keys) changed += this.delete(key, transaction);
    return changed;
  }

  #keysOf(group: string): string[] {
    return [...(this.#groups.get(group) ?? [])];
  }

  #put(key: string, row: V): void {
    this.#remove(key);
    this.#rows.set(key, row);
    const group = this.#options.groupOf?.(row);
    if (group === undefined) return;
    const keys = this.#groups.get(group);
    if (keys === undefined) this.#groups.set(group, new Set([key]));
    else keys.add(key);
  }

  #remove(key: string): void {
    const row = this.#rows.get(key);
    if (row === undefined) return;
    this.#rows.delete(key);
    const group = this.#options.groupOf?.(row);
    if (group === undefined) return;
    const keys = this.#groups.get(group);
    keys?.delete(key);
    if (keys?.size === 0) this.#groups.delete(group);
  }
}

/** Builds one key from several texts. Different texts never give equal keys, unlike plain joining. */
export function compoundKey(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}

/** The texts of a compound key. */
export function keyParts(key: string): readonly string[] {
  return JSON.parse(key) as string[];
}
