import { IDENTITY_KEY_BYTES, type SignalCacheReads } from "../backend/mod.ts";
import { isBytes, sameBytes } from "../bytes/mod.ts";
import { ArgumentRangeError, ArgumentTypeError, CorruptError, WrongLengthError } from "../errors/mod.ts";
import { CacheEntry, type EntryOwner, type EntrySnapshot, NOW } from "./cache_entry.ts";
import { ColdLoads } from "./cold_loads.ts";
import { EntryTable } from "./entry_table.ts";
import type { PreparedChange } from "./joint_change.ts";
import { ReadCounts } from "./read_counts.ts";
import { OPEN, type Ticket } from "./signal_records.ts";
import { requireAddress, requireAddresses, type StoreContext } from "./store_context.ts";

/** Identity keys by Signal address. */
export interface SignalIdentities {
  /**
   * The identity key, 32 bytes, owned by the caller; `undefined` when there is none.
   *
   * @throws {WrongLengthError | CorruptError} When the stored key is invalid. It never counts as absent.
   * @throws {StoreError} When the read failed. The next call reads again.
   */
  load(address: string): Promise<Uint8Array | undefined>;

  /** The key in memory. The cache owns the bytes: do not write to them. */
  peek(address: string): Uint8Array | undefined;

  /**
   * Stores a copy of a key. Writes nothing when the key is equal to the present one.
   *
   * @returns Whether the key has changed.
   * @throws {TypeError | RangeError} When it is not 32 bytes.
   * @throws {StoreError} As `SignalRecords.put`. Nothing has changed.
   */
  put(address: string, key: Uint8Array): Promise<boolean>;

  /** Removes the key. @throws {TypeError} When the address is invalid. */
  delete(address: string): Promise<void>;
}

/** Bytes counted for a dirty identity: its key and address. */
const IDENTITY_ROW_BYTES = 64;

/** The identity keys in memory. */
export class IdentityStore implements SignalIdentities, EntryOwner<Uint8Array> {
  readonly entries: EntryTable<Uint8Array>;
  readonly packs = false;
  readonly reads: ReadCounts = new ReadCounts();
  readonly #context: StoreContext;
  readonly #loads: ColdLoads<Uint8Array>;

  constructor(context: StoreContext, reads: Pick<SignalCacheReads, "loadIdentities" | "loadIdentity">) {
    this.#context = context;
    this.#loads = new ColdLoads({
      has: (address) => this.entries.get(address) !== undefined,
      read: async (addresses) => {
        const [address, ...more] = addresses;
        if (address === undefined) return [];
        return more.length === 0
          ? [await reads.loadIdentity(address)]
          : await reads.loadIdentities(addresses);
      },
      install: (address, key) => {
        this.#add(address, key, key !== undefined);
      },
    });
    this.entries = new EntryTable({
      memory: context.memory(),
      removed: (address) => this.#loads.removed(address),
    });
  }

  async load(address: string): Promise<Uint8Array | undefined> {
    return await this.use(address, (entry) => {
      if (!entry.isDirty) this.entries.touch(entry);
      return entry.value === undefined ? undefined : new Uint8Array(entry.value);
    });
  }

  /**
   * Loads keys into memory, with one read for the missing ones. @throws {StoreError} When one of them cannot
   * be read.
   */
  async loadMany(addresses: readonly string[]): Promise<void> {
    requireAddresses("load identity", addresses);
    for (const address of addresses) this.reads.add(this.entries.get(address) !== undefined);
    await this.#loads.whenAllLoaded(addresses, () => {});
  }

  peek(address: string): Uint8Array | undefined {
    return this.entries.get(address)?.value;
  }

  async put(address: string, key: Uint8Array): Promise<boolean> {
    const copy = ownKey(key);
    try {
      const needsRoom = await this.use(address, (entry) => !isKnown(entry, copy) && !entry.isDirty);
      if (needsRoom) await this.#context.ready();
      return await this.use(address, (entry) => {
        if (isKnown(entry, copy)) return false;
        this.#replace(entry, copy);
        return true;
      });
    } catch (error) {
      // An invalid key can be replaced.
      if (!isUnreadable(error)) throw error;
      await this.#context.ready();
      this.#replace(this.#unread(address), copy);
      return true;
    }
  }

  async delete(address: string): Promise<void> {
    const entry = this.entries.get(address);
    if (entry === undefined) requireAddress("delete identity", address);
    if (entry?.isDirty !== true) await this.#context.ready();
    this.#deleteNow(address);
  }

  /** Loads an entry to change it at once. `undefined` deletes. @throws {StoreError} As `put`. */
  async prepareChange(address: string, key: Uint8Array | undefined): Promise<PreparedChange> {
    const needsRoom = (): boolean => this.entries.get(address)?.isDirty !== true;
    const unheld = { isCurrent: () => true, needsRoom, check: () => {}, release: () => {} };
    if (key === undefined) {
      requireAddress("delete identity", address);
      const apply = (): Ticket => {
        this.#deleteNow(address);
        return OPEN;
      };
      return { ...unheld, apply };
    }
    const copy = ownKey(key);
    try {
      return await this.use(address, (entry) => {
        this.entries.pin(entry);
        return {
          isCurrent: () => this.entries.has(entry),
          needsRoom: () => !entry.isDirty && !isKnown(entry, copy),
          check: () => this.#context.requireCurrent(address),
          apply: () => {
            if (!isKnown(entry, copy)) this.#replace(entry, copy);
            return OPEN;
          },
          release: () => this.entries.unpin(entry),
        };
      });
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      const apply = (): Ticket => {
        this.#replace(this.#unread(address), copy);
        return OPEN;
      };
      return { ...unheld, apply };
    }
  }

  /** Passes the entry of an address, loaded if needed, to `section`. It is in memory while `section` runs. */
  async use<Result>(address: string, section: (entry: CacheEntry<Uint8Array>) => Result): Promise<Result> {
    const entry = this.entries.get(address);
    this.reads.add(entry !== undefined);
    if (entry !== undefined) return section(entry);
    requireAddress("load identity", address);
    return await this.#loads.whenLoaded(address, () =>
      section(this.entries.get(address) as CacheEntry<Uint8Array>),
    );
  }

  overtake(address: string): void {
    this.#loads.removed(address);
    this.entries.forget(address);
  }

  becameDirty(entry: CacheEntry<Uint8Array>): void {
    this.entries.becameDirty(entry);
  }

  /** A key is memory of its own. */
  settle(): void {}

  becameClean(entry: CacheEntry<Uint8Array>): void {
    this.entries.becameClean(entry);
  }

  /** A key is kept as it is stored. */
  pack(): void {}

  unpack(packed: Uint8Array): Uint8Array {
    return packed;
  }

  evict(entry: CacheEntry<Uint8Array>): void {
    this.entries.drop(entry);
  }

  /** An identity has no message keys. */
  forfeit(): void {}

  snapshot({ address, value }: CacheEntry<Uint8Array>): EntrySnapshot {
    const stored = value !== undefined;
    const write = stored
      ? ({ kind: "identity.put", address, key: value } as const)
      : ({ kind: "identity.delete", address } as const);
    return { writes: [write], riders: [], stored };
  }

  /** Deletes without a read. */
  #deleteNow(address: string): void {
    const entry = this.#unread(address);
    if (!entry.isDirty && entry.value === undefined && !entry.stored) return;
    this.#context.dirty.change(entry, NOW);
    entry.value = undefined;
  }

  /** The entry of an address, or a new one whose row will be replaced without a read. */
  #unread(address: string): CacheEntry<Uint8Array> {
    return this.entries.get(address) ?? this.#add(address, undefined, true);
  }

  #replace(entry: CacheEntry<Uint8Array>, key: Uint8Array): void {
    this.#context.requireCurrent(entry.address);
    this.#context.dirty.change(entry, NOW);
    entry.value = key;
  }

  #add(address: string, value: Uint8Array | undefined, stored: boolean): CacheEntry<Uint8Array> {
    const entry = new CacheEntry<Uint8Array>(this, address, `identity:${address}`);
    entry.value = value;
    entry.stored = stored;
    entry.bytes = IDENTITY_ROW_BYTES;
    this.entries.add(entry);
    return entry;
  }
}

/** A checked copy of a caller's key. @throws {TypeError | RangeError} */
function ownKey(key: Uint8Array): Uint8Array {
  if (!isBytes(key)) throw new ArgumentTypeError("put identity: not a Uint8Array");
  if (key.byteLength !== IDENTITY_KEY_BYTES) {
    throw new ArgumentRangeError(`put identity: ${key.byteLength} bytes, expected ${IDENTITY_KEY_BYTES}`);
  }
  return new Uint8Array(key);
}

function isKnown({ value }: CacheEntry<Uint8Array>, key: Uint8Array): boolean {
  return value !== undefined && sameBytes(value, key);
}

function isUnreadable(error: unknown): boolean {
  return error instanceof WrongLengthError || error instanceof CorruptError;
}
