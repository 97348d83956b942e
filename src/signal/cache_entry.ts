import type { Write } from "../backend/mod.ts";
import type { Allocate } from "../protobuf/mod.ts";
import type { CounterLease } from "./counter_lease.ts";
import type { Linked, RecencyList } from "./recency_list.ts";

/** Urgency of an entry's changes, in ascending order. */
export const CLEAN = 0;
export const MAY = 1;
export const MUST = 2;
export const NOW = 3;
export type EntryUrgency = typeof CLEAN | typeof MAY | typeof MUST | typeof NOW;

/** An entry's writes for the engine. */
export interface EntrySnapshot {
  readonly writes: readonly Write[];
  /** The entry's riders among the writes. */
  readonly riders: readonly Write[];
  /** Whether the row exists after the commit. */
  readonly stored: boolean;
  /** The stored form of the record among the writes, in memory that it may share with others. */
  readonly record?: Uint8Array | undefined;
}

/** The store that an entry belongs to. */
export interface EntryOwner<V> {
  /** Removes an entry from the clean ones. */
  becameDirty(entry: CacheEntry<V>): void;
  /**
   * Adds it to the clean ones, if it is still in the store.
   *
   * @param record The stored form of its record, in memory that it may share with others until `settle`.
   */
  becameClean(entry: CacheEntry<V>, record?: Uint8Array): void;
  /** Called when all entries of a flush are clean: from now on an entry may keep only memory of its own. */
  settle(entry: CacheEntry<V>): void;
  /** Whether clean records of this store are packed when they are not used. */
  readonly packs: boolean;
  /** Packs a clean record, if it can be: see `CacheEntry.pack`. */
  pack(entry: CacheEntry<V>): void;
  /** Decodes a packed record and owns the bytes. @throws {CorruptError | WrongLengthError} */
  unpack(packed: Uint8Array): V;
  /** Removes a clean entry from memory. If it must not be removed yet, this makes it dirty instead. */
  evict(entry: CacheEntry<V>): void;
  /**
   * Called when the row of an address changes outside of the cache: a running read or a clean entry may be
   * older than the row.
   */
  overtake(address: string): void;
  /**
   * Called when a gate of the entry could not be opened: the messages whose keys were taken since it closed
   * are never sent.
   */
  forfeit(entry: CacheEntry<V>): void;
  /** Returns the writes that make the entry durable. `allocate` provides the memory for encoded values. */
  snapshot(entry: CacheEntry<V>, allocate: Allocate): EntrySnapshot;
}

/**
 * Assumed size of a record whose stored length is unknown: about the size of a session between two phones.
 */
const ASSUMED_BYTES = 1_500;

/**
 * One key of one store in memory: present, or known to be absent. Only state, which `EntryTable`,
 * `EntryMemory`, `DirtySet` and the stores keep consistent.
 */
export class CacheEntry<V> implements Linked<CacheEntry<V>> {
  readonly owner: EntryOwner<V>;
  readonly address: string;
  /** Key of the entry for the engine, including its store. */
  readonly key: string;

  #value: V | undefined;
  /** The stored form of the value, where it is known. */
  #encoded: Uint8Array | undefined;
  /** Whether the row exists, according to committed writes. */
  stored = false;
  lease: CounterLease | undefined;
  /** The `sendingMark` of the last put record. */
  mark: object | undefined;
  /** Writes that land only together with the entry, and have not landed yet. */
  riders: readonly Write[] | undefined;

  /** Number of the last change. */
  generation = 0;
  /** Greatest committed generation. */
  committed = 0;
  /** No ciphertext of this address may be sent before this generation is committed. */
  gate = 0;
  /**
   * Another entry that must be durable before ciphertexts of this one are sent: the other end of a move with
   * an unknown outcome.
   */
  partner: { readonly entry: CacheEntry<V>; readonly generation: number } | undefined;
  /** The generation that could not be encoded. */
  unencodable = 0;

  urgency: EntryUrgency = CLEAN;
  /** Urgency of the changes after the last collect. */
  freshUrgency: EntryUrgency = CLEAN;
  /** Clock time of the oldest change that is not durable, and of the oldest one after the last collect. */
  sinceMs = 0;
  freshSinceMs = 0;
  /** Last known length of the stored form, in bytes. */
  bytes: number = ASSUMED_BYTES;
  /** What the entry counts in the memory of its table. */
  cost = 0;
  /** Whether it is evicted when its changes are durable. Set by its memory. */
  isLeaving = false;
  /** Bytes counted for the entry in the dirty bytes. */
  countedBytes = 0;

  /** Number of holders that will change the entry. While it is pinned, a clean entry is not evicted. */
  pins = 0;
  older: CacheEntry<V> | undefined;
  newer: CacheEntry<V> | undefined;
  /** The list of a clean entry; `undefined` while it is dirty or pinned. */
  list: RecencyList<CacheEntry<V>> | undefined;

  constructor(owner: EntryOwner<V>, address: string, key: string) {
    this.owner = owner;
    this.address = address;
    this.key = key;
  }

  /**
   * `undefined` when absent. The cache owns it and never changes it in place. Reading it decodes a packed
   * record.
   *
   * @throws {CorruptError | WrongLengthError} When a packed record does not decode.
   */
  get value(): V | undefined {
    return this.#value ?? (this.#encoded && this.#unpack(this.#encoded));
  }

  set value(value: V | undefined) {
    this.#value = value;
    this.#encoded = undefined;
  }

  /** Whether it has a value, decoded or packed. */
  get isPresent(): boolean {
    return this.#value !== undefined || this.#encoded !== undefined;
  }

  /** Whether it has only the stored form of its value. */
  get isPacked(): boolean {
    return this.#value === undefined && this.#encoded !== undefined;
  }

  /** The stored form of the value, where it is known. Do not write to it. */
  get encoded(): Uint8Array | undefined {
    return this.#encoded;
  }

  /** Sets the stored form of the present value. The entry owns the bytes. */
  set encoded(bytes: Uint8Array | undefined) {
    this.#encoded = bytes;
  }

  /** Drops the decoded value, where its stored form is known. */
  pack(): void {
    if (this.#encoded === undefined) return;
    this.#value = undefined;
    this.mark = undefined;
  }

  #unpack(packed: Uint8Array): V {
    this.#value = this.owner.unpack(packed);
    return this.#value;
  }

  /** Whether a ciphertext of this address must wait for a commit. */
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

  /** Adds a write that lands with the entry. The caller makes the entry dirty. */
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
