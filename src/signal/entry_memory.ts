import { isWorkerd } from "../ports/mod.ts";
import type { CacheEntry } from "./cache_entry.ts";
import { RecencyList } from "./recency_list.ts";

/** Heap of an entry without its record: the entry, its lease, its address and its places in maps. */
const ENTRY_BYTES = 700;

/** Heap of the memory that a stored form is kept in, besides its bytes. */
const STORED_BYTES = 300;

/** Heap of a decoded record for each byte of its stored form. */
const HEAP_PER_BYTE = 4;

/** Heap of the Signal state that the accounts of one process keep together, by default. */
const PROCESS_BYTES = 64 * 1_024 * 1_024;

/** Heap of the Signal state of one account in workerd, by default: an isolate has 128 MB for all its objects. */
const OBJECT_BYTES = 8 * 1_024 * 1_024;

/** Clean records that stay decoded. The others keep their stored form, which needs a quarter of the heap. */
const LIVE_RECORDS = 256;

/** An entry of any store. */
type AnyEntry = CacheEntry<unknown>;

/** Options of {@link EntryMemory}. */
export interface EntryMemoryOptions {
  /** Maximum sum of the entries' costs, at least 1. Dirty and pinned entries may exceed it. */
  readonly limit: number;
  /** Cost of an entry. Defaults to its estimated heap in bytes. */
  readonly costOf?: ((entry: AnyEntry) => number) | undefined;
  /** Maximum number of clean records that stay decoded. Defaults to 256. */
  readonly live?: number | undefined;
}

/**
 * The memory that the entries of several tables share, of one account or of all accounts of a process. It
 * evicts clean entries beyond its limit: negative ones first, then by last use.
 *
 * Of the clean records only the most recently used ones stay decoded. Each other one is packed: it keeps the
 * bytes of its row, from which it is decoded when it is used again. That equals an eviction and a read of the
 * row, without the read.
 */
export class EntryMemory {
  readonly #limit: number;
  readonly #costOf: (entry: AnyEntry) => number;
  readonly #live: number;
  /** Clean entries by what they have: no value, a decoded record, or what is not packed any further. */
  readonly #absent = new RecencyList<AnyEntry>();
  readonly #decoded = new RecencyList<AnyEntry>();
  readonly #resting = new RecencyList<AnyEntry>();
  #used = 0;
  /** Cost of the entries that leave when their leases are written. */
  #leaving = 0;

  /** @throws {RangeError} When the limit is not a positive integer. */
  constructor({ limit, costOf = heapOf, live = LIVE_RECORDS }: EntryMemoryOptions) {
    if (!Number.isSafeInteger(limit) || limit < 1) {
      throw new RangeError("open Signal cache: its limit is not a positive integer");
    }
    this.#limit = limit;
    this.#costOf = costOf;
    this.#live = live;
  }

  /** Sum of the costs of all entries. */
  get used(): number {
    return this.#used;
  }

  /** Whether as many records are decoded as may stay so: a further one will be packed. */
  get isFull(): boolean {
    return this.#decoded.size >= this.#live;
  }

  /** Adds a clean entry and evicts others if needed. The entry stays at least until the next `add`. */
  add(entry: AnyEntry): void {
    const cost = this.#costOf(entry);
    this.#shrink(this.#limit - cost);
    entry.cost = cost;
    this.#used += cost;
    this.#enlist(entry);
  }

  /** Removes an entry, clean or not. */
  remove(entry: AnyEntry): void {
    this.#stays(entry);
    this.hold(entry);
    this.#used -= entry.cost;
    entry.cost = 0;
  }

  /** Keeps an entry in memory, and decoded, until `rest`. */
  hold(entry: AnyEntry): void {
    entry.list?.remove(entry);
    entry.list = undefined;
  }

  /** Allows the eviction of an entry. It counts as just used. */
  rest(entry: AnyEntry): void {
    this.#stays(entry);
    this.recount(entry);
    this.#enlist(entry);
  }

  /** Records the use of an entry. */
  touch(entry: AnyEntry): void {
    entry.list?.touch(entry);
  }

  /** A packed record was decoded. */
  unpacked(entry: AnyEntry): void {
    this.recount(entry);
    if (entry.list === undefined) return;
    entry.list.remove(entry);
    this.#enlist(entry);
  }

  /** Updates the cost of an entry after its record has changed. */
  recount(entry: AnyEntry): void {
    const cost = this.#costOf(entry);
    this.#used += cost - entry.cost;
    if (entry.isLeaving) this.#leaving += cost - entry.cost;
    entry.cost = cost;
  }

  /** Evicts clean entries down to the limit. */
  evict(): void {
    this.#shrink(this.#limit);
  }

  #shrink(limit: number): void {
    while (this.#used - this.#leaving > limit) {
      const entry = this.#absent.oldest ?? this.#resting.oldest ?? this.#decoded.oldest;
      if (entry === undefined) return;
      entry.owner.evict(entry);
      // With a lease it stays until its row is written. It counts as gone, else many more would be evicted.
      if (entry.cost > 0 && entry.list === undefined) {
        entry.isLeaving = true;
        this.#leaving += entry.cost;
      }
    }
  }

  #stays(entry: AnyEntry): void {
    if (entry.isLeaving) this.#leaving -= entry.cost;
    entry.isLeaving = false;
  }

  #enlist(entry: AnyEntry): void {
    const isDecoded = entry.owner.packs && !entry.isPacked;
    const list = !entry.isPresent ? this.#absent : isDecoded ? this.#decoded : this.#resting;
    list.add(entry);
    entry.list = list;
    while (this.#decoded.size > this.#live) this.#pack(this.#decoded.oldest as AnyEntry);
  }

  #pack(entry: AnyEntry): void {
    this.#decoded.remove(entry);
    entry.owner.pack(entry);
    this.#resting.add(entry);
    entry.list = this.#resting;
    this.recount(entry);
  }
}

/** Estimated heap of an entry, in bytes: see `signal.heap_per_cached_session`. */
export function heapOf(entry: AnyEntry): number {
  if (!entry.isPresent) return ENTRY_BYTES;
  if (entry.isPacked) return ENTRY_BYTES + STORED_BYTES + entry.bytes;
  return ENTRY_BYTES + HEAP_PER_BYTE * entry.bytes;
}

/** The memory of all accounts of the process without one of their own. */
const shared = new EntryMemory({ limit: PROCESS_BYTES });

/** Returns the memory of each of a cache's stores. @throws {RangeError} When an option is out of range. */
export function memoryOf(options: {
  readonly memory?: EntryMemory | undefined;
  readonly maxBytes?: number | undefined;
  readonly capacity?: number | undefined;
}): () => EntryMemory {
  const { capacity, maxBytes = isWorkerd() ? OBJECT_BYTES : undefined } = options;
  if (capacity !== undefined) {
    // As in a larger memory, some of the records are packed.
    const live = Math.ceil(capacity / 2);
    return () => new EntryMemory({ limit: capacity, costOf: () => 1, live });
  }
  const memory = options.memory ?? (maxBytes === undefined ? shared : new EntryMemory({ limit: maxBytes }));
  return () => memory;
}
