import type { Write } from "../backend/mod.ts";
import type { Allocate } from "../protobuf/mod.ts";
import type { CounterLease } from "./counter_lease.ts";
import type { Linked } from "./recency_list.ts";

/** How urgent the changes of an entry are, in rising order. */
export const CLEAN = 0;
export const MAY = 1;
export const MUST = 2;
export const NOW = 3;
export type EntryUrgency = typeof CLEAN | typeof MAY | typeof MUST | typeof NOW;

/** An entry as it is handed to the engine. */
export interface EntrySnapshot {
  readonly writes: readonly Write[];
  /** Those of the entry's riders that are among them. */
  readonly riders: readonly Write[];
  /** Whether there is a row once the writes are committed. */
  readonly stored: boolean;
}

/** The store that an entry belongs to. */
export interface EntryOwner<V> {
  /** Takes an entry out of the clean ones. */
  becameDirty(entry: CacheEntry<V>): void;
  /** Puts it back, if it is still in the store. */
  becameClean(entry: CacheEntry<V>): void;
  /**
   * Notes that the row of an address changes behind memory: what is being read, or was read and is clean, may
   * be older.
   */
  overtake(address: string): void;
  /**
   * A gate of the entry could not be opened: the messages whose keys were taken since it shut never leave.
   */
  forfeit(entry: CacheEntry<V>): void;
  /**
   * The writes that make the entry durable as it is. What is encoded for them goes into memory that
   * `allocate` gives.
   */
  snapshot(entry: CacheEntry<V>, allocate: Allocate): EntrySnapshot;
}

/** Bytes of a record whose stored length is not known yet. A session between two phones has about as many. */
const ASSUMED_BYTES = 1_500;

/**
 * One key of one store in memory: present, or known to be absent. Plain state; `EntryTable`, `DirtySet` and
 * the stores keep its parts in step.
 */
export class CacheEntry<V> implements Linked<CacheEntry<V>> {
  readonly owner: EntryOwner<V>;
  readonly address: string;
  /** Names the entry to the engine, with its store. */
  readonly key: string;

  /** `undefined` when absent. It is the cache's own and is never changed in place. */
  value: V | undefined;
  /** Whether there is a row, as far as committed. */
  stored = false;
  lease: CounterLease | undefined;
  /** The `sendingMark` of what was put last. */
  mark: object | undefined;
  /** Writes that land with the entry, or not at all, and have not landed. */
  riders: readonly Write[] | undefined;

  /** Number of the last change. */
  generation = 0;
  /** Greatest number that was committed. */
  committed = 0;
  /** Nothing may leave for this address before this number is committed. */
  gate = 0;
  /**
   * Another entry that must be durable as well before anything leaves for this one: the other end of a move
   * in doubt.
   */
  partner: { readonly entry: CacheEntry<V>; readonly generation: number } | undefined;
  /** The number with which it could not be encoded. */
  unencodable = 0;

  urgency: EntryUrgency = CLEAN;
  /** Urgency of what changed since it was last collected. */
  freshUrgency: EntryUrgency = CLEAN;
  /** Clock time of the oldest change that is not durable, and of the oldest since it was last collected. */
  sinceMs = 0;
  freshSinceMs = 0;
  /** Length of its stored form when it was last seen, in bytes. */
  bytes: number = ASSUMED_BYTES;
  /** What it counts for among the dirty bytes. */
  countedBytes = 0;

  /** Held by somebody who will change it: a clean entry must not leave meanwhile. */
  pins = 0;
  older: CacheEntry<V> | undefined;
  newer: CacheEntry<V> | undefined;

  constructor(owner: EntryOwner<V>, address: string, key: string) {
    this.owner = owner;
    this.address = address;
    this.key = key;
  }

  /** Whether something must be committed before a ciphertext for this address may leave. */
  get isGated(): boolean {
    if (this.gate > this.committed) return true;
    if (this.partner === undefined) return false;
    if (this.partner.generation > this.partner.entry.committed) return true;
    this.partner = undefined;
    return false;
  }

  get isDirty(): boolean {
    return this.urgency !== CLEAN;
  }

  /** Adds a write that lands with the entry. The entry is made dirty by the caller. */
  addRider(write: Write): void {
    this.riders = [...(this.riders ?? []), write];
  }

  /** Drops the riders that `isDone` accepts. */
  dropRiders(isDone: (rider: Write) => boolean): void {
    if (this.riders === undefined) return;
    const riders = this.riders.filter((rider) => !isDone(rider));
    this.riders = riders.length === 0 ? undefined : riders;
  }
}
