import type { SignalRow, Write } from "../backend/mod.ts";
import { MAX_KEY_ID } from "../bytes/mod.ts";
import { ArgumentRangeError, CorruptError, WrongLengthError } from "../errors/mod.ts";
import type { Allocate } from "../protobuf/mod.ts";
import type { LiveRecordCodec, SendingChain } from "../ratchet/mod.ts";
import { CacheEntry, type EntryOwner, type EntrySnapshot, MAY, MUST, NOW } from "./cache_entry.ts";
import { ColdLoads } from "./cold_loads.ts";
import { type ChainChange, CounterLease, MAX_BURNED_KEYS } from "./counter_lease.ts";
import { EntryTable } from "./entry_table.ts";
import type { PreparedChange } from "./joint_change.ts";
import { ReadCounts } from "./read_counts.ts";
import type { RecordTable } from "./record_table.ts";
import { RewindError } from "./rewind_error.ts";
import { GATED, OPEN, type PutOptions, type SignalRecords, type Ticket } from "./signal_records.ts";
import { requireAddress, requireAddresses, type StoreContext } from "./store_context.ts";
import { openStoredRecord } from "./stored_record.ts";

/** Invalid bytes in place of a record that cannot be encoded, so that the engine isolates only its entry. */
const UNENCODABLE = new Uint8Array(0);

/** Options of {@link RecordStore}. */
export interface RecordStoreOptions<T> {
  readonly context: StoreContext;
  readonly codec: LiveRecordCodec<T>;
  readonly table: RecordTable;
  /** Returns whether a record is our own sender key: an unreadable one is then an error instead of absent. */
  readonly isOwn: (address: string) => boolean;
}

/** The sessions, or the sender keys, in memory. */
export class RecordStore<T> implements SignalRecords<T>, EntryOwner<T> {
  readonly entries: EntryTable<T>;
  readonly packs = true;
  readonly reads: ReadCounts = new ReadCounts();
  readonly codec: LiveRecordCodec<T>;
  readonly table: RecordTable;
  readonly #context: StoreContext;
  readonly #isOwn: (address: string) => boolean;
  readonly #loads: ColdLoads<SignalRow>;
  readonly #open: Promise<Ticket> = Promise.resolve(OPEN);
  readonly #gated: Promise<Ticket> = Promise.resolve(GATED);

  constructor({ context, codec, table, isOwn }: RecordStoreOptions<T>) {
    this.#context = context;
    this.codec = codec;
    this.table = table;
    this.#isOwn = isOwn;
    this.#loads = new ColdLoads({
      has: (address) => this.entries.get(address) !== undefined,
      read: (addresses) => table.read(addresses),
      install: (address, row) => this.#install(address, row),
    });
    this.entries = new EntryTable({
      memory: context.memory(),
      removed: (address) => this.#loads.removed(address),
    });
  }

  // Not async, like `put`: for a record in memory this takes half the time.
  load(address: string): Promise<T | undefined> {
    const entry = this.entries.get(address);
    if (entry === undefined || entry.isPacked) return this.use(address, (loaded) => this.#copyOf(loaded));
    this.reads.hits += 1;
    if (!entry.isDirty) this.entries.touch(entry);
    return Promise.resolve(this.#copyOf(entry));
  }

  async loadMany(addresses: readonly string[]): Promise<(T | undefined)[]> {
    requireAddresses(`load ${this.table.store}`, addresses);
    for (const address of addresses) {
      const entry = this.entries.get(address);
      this.reads.add(entry !== undefined);
      if (entry?.isDirty === false) this.entries.touch(entry);
    }
    return await this.#loads.whenAllLoaded(addresses, (index) => {
      const entry = this.entries.get(addresses[index] as string) as CacheEntry<T>;
      return entry.isPacked ? this.#decodePacked(entry) : this.#copyOf(entry);
    });
  }

  peek(address: string): T | undefined {
    const entry = this.entries.get(address);
    return entry !== undefined && this.#isReadable(entry) ? entry.value : undefined;
  }

  async has(address: string): Promise<boolean> {
    const entry = this.entries.get(address);
    if (entry?.isPacked !== true) return await this.use(address, ({ value }) => value !== undefined);
    this.reads.hits += 1;
    this.entries.touch(entry);
    return true;
  }

  put(address: string, record: T, options?: PutOptions): Promise<Ticket> {
    const entry = this.entries.get(address);
    if (entry === undefined || !entry.isDirty) return this.#putWithRoom(address, record, options);
    // A dirty entry needs no further room.
    try {
      this.codec.requireRecord?.(record);
      return this.#apply(entry, record, options) === GATED ? this.#gated : this.#open;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async delete(address: string): Promise<void> {
    const entry = this.entries.get(address);
    if (entry === undefined) requireAddress(`delete ${this.table.store}`, address);
    if (entry?.isDirty !== true) await this.#context.ready();
    this.#deleteNow(address);
  }

  /** Loads an entry to change it at once. `undefined` deletes. @throws {StoreError} As `put`. */
  async prepareChange(
    address: string,
    record: T | undefined,
    riders: readonly Write[] = [],
  ): Promise<PreparedChange> {
    if (record === undefined) {
      requireAddress(`delete ${this.table.store}`, address);
      return {
        isCurrent: () => true,
        needsRoom: () => this.entries.get(address)?.isDirty !== true,
        check: () => {},
        apply: () => this.#deleteNow(address),
        release: () => {},
      };
    }
    this.codec.requireRecord?.(record);
    return await this.use(address, (entry) => {
      this.entries.pin(entry);
      return {
        isCurrent: () => this.entries.has(entry),
        needsRoom: () => !entry.isDirty,
        check: () => this.#check(entry, record),
        apply: () => {
          const ticket = this.#apply(entry, record, undefined);
          for (const rider of riders) entry.addRider(rider);
          return ticket;
        },
        release: () => this.entries.unpin(entry),
      };
    });
  }

  async consumePreKey(address: string, preKeyId: number): Promise<void> {
    requireKeyId(preKeyId);
    if (this.entries.get(address)?.isDirty !== true) await this.#context.ready();
    await this.use(address, (entry) => {
      this.#context.requireCurrent(address);
      if (entry.value !== undefined) this.#context.dirty.change(entry, MUST);
      this.#addConsumed(entry, preKeyId);
    });
  }

  /**
   * Passes the entry of an address, loaded if needed, to `section`. It is guaranteed to be in memory only
   * while `section` runs.
   */
  async use<Result>(address: string, section: (entry: CacheEntry<T>) => Result): Promise<Result> {
    const entry = this.entries.get(address);
    const isInMemory = entry !== undefined && (this.#isReadable(entry) || this.entries.has(entry));
    this.reads.add(isInMemory);
    if (isInMemory) return section(entry);
    requireAddress(`load ${this.table.store}`, address);
    return await this.#loads.whenLoaded(address, () => section(this.entries.get(address) as CacheEntry<T>));
  }

  /** Whether `steps` more steps for an address need a commit first. @throws {StoreError} As `load`. */
  needsCommit(address: string, steps: number): Promise<boolean> {
    return this.use(
      address,
      ({ value, lease }) => value === undefined || lease?.needsCommit(steps) !== false,
    );
  }

  forfeit(entry: CacheEntry<T>): void {
    const { address, lease, value } = entry;
    // Another entry may have replaced it.
    if (value === undefined || lease === undefined || !this.entries.has(entry)) return;
    const keys = lease.forfeit();
    if (keys === 0) return;
    const { store } = this.table;
    this.#context.events.emit({ kind: "burned", store, address, keys });
    if (lease.burned < MAX_BURNED_KEYS) this.#context.dirty.change(entry, MAY);
    else this.#giveUp(entry, value, lease);
  }

  /** Makes an entry absent. Its gate stays; pre-key removals that should land with the record are dropped. */
  remove(entry: CacheEntry<T>): void {
    this.#context.dirty.change(entry, NOW);
    entry.value = undefined;
    entry.mark = undefined;
    entry.lease?.stop();
    entry.dropRiders((rider) => rider.kind === "preKey.remove");
  }

  /** Releases the lease of every record whose bound is above its counter. */
  releaseLeases(): void {
    for (const entry of this.entries.entries()) {
      if (!entry.isPresent || entry.lease?.hasReserve !== true) continue;
      this.#context.dirty.change(entry, MAY);
      entry.lease.release();
    }
  }

  overtake(address: string): void {
    this.#loads.removed(address);
    this.entries.forget(address);
  }

  becameDirty(entry: CacheEntry<T>): void {
    this.entries.becameDirty(entry);
  }

  becameClean(entry: CacheEntry<T>, record?: Uint8Array): void {
    // Many records of one flush are packed by the others, and need not be encoded again.
    if (record !== undefined) entry.encoded ??= record;
    this.entries.becameClean(entry);
  }

  settle(entry: CacheEntry<T>): void {
    const { encoded } = entry;
    if (encoded === undefined || isAlone(encoded)) return;
    // A record that will be packed soon need not be encoded again.
    entry.encoded = this.entries.isFull ? new Uint8Array(encoded) : undefined;
  }

  pack(entry: CacheEntry<T>): void {
    if (entry.encoded === undefined && entry.value !== undefined) {
      try {
        const encoded = this.codec.encode(entry.value);
        // A record that encodes to nothing is stored as a deletion.
        if (encoded.byteLength > 0) entry.encoded = encoded;
      } catch {
        // It stays decoded.
      }
    }
    if (entry.encoded !== undefined && !isAlone(entry.encoded)) entry.encoded = new Uint8Array(entry.encoded);
    entry.pack();
  }

  unpack(packed: Uint8Array): T {
    return this.codec.decode(packed);
  }

  /** Releases a clean record's lease before it is evicted, because later nothing would. */
  evict(entry: CacheEntry<T>): void {
    if (entry.isPresent && entry.lease?.hasReserve === true) {
      this.#context.dirty.change(entry, MAY);
      entry.lease.release();
    } else this.entries.drop(entry);
  }

  snapshot(entry: CacheEntry<T>, allocate: Allocate): EntrySnapshot {
    const { address, lease } = entry;
    const record = entry.encoded ?? this.#encodePresent(entry, allocate);
    const riders = this.#landingRiders(entry, record);
    if (record === undefined) {
      return { writes: [this.table.remove(address), ...riders], riders, stored: false };
    }
    const stored = lease?.toStored(this.#context.incarnation());
    return { writes: [this.table.put(address, record, stored), ...riders], riders, stored: true, record };
  }

  #copyOf({ value }: CacheEntry<T>): T | undefined {
    return value === undefined ? undefined : this.codec.copy(value);
  }

  async #putWithRoom(address: string, record: T, options: PutOptions | undefined): Promise<Ticket> {
    this.codec.requireRecord?.(record);
    await this.#context.ready();
    return await this.use(address, (entry) => this.#apply(entry, record, options));
  }

  /**
   * Decodes a packed record. Returns false when it does not decode: its client encoded what it cannot read.
   * The entry is dropped then, so that its row is read and set aside, unless a change of it is not durable.
   */
  #isReadable(entry: CacheEntry<T>): boolean {
    if (!entry.isPacked) return true;
    try {
      entry.value;
    } catch {
      this.overtake(entry.address);
      return false;
    }
    this.entries.unpacked(entry);
    return true;
  }

  /** The record of a packed entry, which stays packed: of many records most are used once. */
  #decodePacked({ address, encoded }: CacheEntry<T>): T {
    try {
      return this.codec.decode(encoded as Uint8Array);
    } catch (error) {
      this.overtake(address);
      throw error;
    }
  }

  /** Deletes without a read. */
  #deleteNow(address: string): Ticket {
    const known = this.entries.get(address);
    // A packed record that does not decode is deleted as if it were absent.
    const value = known !== undefined && this.#isReadable(known) ? known.value : undefined;
    const entry = this.entries.get(address) ?? this.#addEntry(address, true);
    const sends = value === undefined ? this.#isOwn(address) : this.codec.sendingChain(value) !== undefined;
    if (entry.isDirty || value !== undefined || entry.stored) this.remove(entry);
    // A pre-key consumed by a session that was never put is not consumed by the next session.
    else entry.dropRiders((rider) => rider.kind === "preKey.remove");
    // No commit leaves the marks of a sender key that it removes, whatever the caller does about them.
    if (sends && entry.isDirty && entry.riders === undefined) {
      this.#addLosses(entry);
      const { store } = this.table;
      if (store === "senderKey") this.#context.events.emit({ kind: "removed", store, address });
    }
    return entry.isGated ? GATED : OPEN;
  }

  #apply(entry: CacheEntry<T>, record: T, options: PutOptions | undefined): Ticket {
    const { codec } = this;
    this.#context.requireCurrent(entry.address);
    if (options?.consumedPreKeyId !== undefined) requireKeyId(options.consumedPreKeyId);
    codec.prune(record);
    const mark = codec.sendingMark(record);
    let gates = false;
    if (mark === undefined || mark !== entry.mark) {
      gates = this.#advance(entry, record);
      entry.mark = mark;
    }
    this.#context.dirty.change(entry, gates || !entry.stored ? MUST : MAY);
    entry.value = record;
    if (gates) entry.gate = entry.generation;
    if (options?.consumedPreKeyId !== undefined) this.#addConsumed(entry, options.consumedPreKeyId);
    return entry.isGated ? GATED : OPEN;
  }

  /** Updates the lease for a put record. Returns whether the gate closes. */
  #advance(entry: CacheEntry<T>, record: T): boolean {
    const { lease } = entry;
    const chain = this.codec.sendingChain(record);
    if (chain === undefined) {
      entry.lease = this.#stopSending(record, lease);
      return false;
    }
    this.#requireForward(entry, chain);
    if (!entry.isGated) lease?.markPublished();
    if (chain.id !== lease?.chain) entry.lease = this.#followChain(entry, record, chain);
    return entry.lease?.advance(chain.next, this.#context.dirty.pauses) === true;
  }

  /**
   * Makes the checks of `#apply` without a change. @throws {RewindError | RangeError} When the record must
   * not be put.
   */
  #check(entry: CacheEntry<T>, record: T): void {
    this.#context.requireCurrent(entry.address);
    const { lease } = entry;
    const chain = this.codec.sendingChain(record);
    this.#requireForward(entry, chain);
    if (lease === undefined || chain?.id === lease.chain) return;
    if (chain === undefined || this.#changeOf(entry, record, chain) !== "step")
      this.#burnOutgoing(this.codec.copy(record), lease);
  }

  /** @throws {RewindError} */
  #requireForward({ value, lease }: CacheEntry<T>, chain: SendingChain | undefined): void {
    if (chain === undefined) return;
    if (value !== undefined && this.codec.closedChain(value) === chain.id) {
      throw new RewindError(`put ${this.table.store}: the record sends on a closed chain`);
    }
    if (lease?.isBehind(chain) !== true) return;
    throw new RewindError(`put ${this.table.store}: the counter went back on the same chain`);
  }

  #addConsumed(entry: CacheEntry<T>, id: number): void {
    entry.addRider({ kind: "preKey.remove", id });
  }

  /** The lease of a record that no longer sends. */
  #stopSending(record: T, lease: CounterLease | undefined): CounterLease | undefined {
    if (lease === undefined) {
      return this.table.store === "session" ? new CounterLease(undefined, 0, 0) : undefined;
    }
    this.#burnOutgoing(record, lease);
    lease.stop();
    return lease;
  }

  /** The lease of a record with a new sending chain. */
  #followChain(entry: CacheEntry<T>, record: T, chain: SendingChain): CounterLease {
    const { lease } = entry;
    if (lease === undefined) {
      const started = new CounterLease({ ...chain, next: 0 }, 0, 0);
      started.markPublished(chain.next);
      return started;
    }
    const change = this.#changeOf(entry, record, chain);
    if (change !== "step") this.#burnOutgoing(record, lease);
    lease.follow(chain, change, this.#context.durability);
    return lease;
  }

  #changeOf({ value }: CacheEntry<T>, record: T, chain: SendingChain): ChainChange {
    if (chain.isResumed) return "resume";
    return value === undefined || this.codec.isNewStart(value, record) ? "start" : "step";
  }

  /**
   * Burns the previous sending chain in a record with a new one, if the record still has it. It must run
   * before any change: a record whose previous chain is too far back comes from an old copy. If that chain
   * returned in a later incarnation, which does not know its last counter, it would send with used keys.
   *
   * @throws {RangeError} When the record has the chain more than `MAX_SKIPPED_MESSAGES` behind. The record is
   * unchanged.
   */
  #burnOutgoing(record: T, lease: CounterLease): void {
    if (lease.chain === "" || lease.bound === 0 || !this.#hasChain(record, lease.chain)) return;
    this.codec.fastForward(record, lease.chain, lease.bound);
  }

  /** No counter is below 0, so the codec rejects only an unknown chain. */
  #hasChain(record: T, chainId: string): boolean {
    try {
      this.codec.fastForward(record, chainId, 0);
      return true;
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  }

  #install(address: string, row: SignalRow | undefined): void {
    if (row === undefined) {
      this.#addEntry(address, false);
      return;
    }
    const { table, codec } = this;
    const { store } = table;
    const { events, restoreEpoch, incarnation } = this.#context;
    const opened = openStoredRecord(row, { store, codec, incarnation: incarnation(), restoreEpoch });
    switch (opened.kind) {
      case "usable":
        this.#addRecord(address, row, opened.value, opened.lease, opened.burnedKeys === 0);
        if (opened.burnedKeys > 0) events.emit({ kind: "burned", store, address, keys: opened.burnedKeys });
        return;
      case "closed":
        this.#installClosed(address, row, opened.value);
        events.emit({ kind: "closed", store, address, burned: opened.burned });
        return;
      case "outdated": {
        const entry = this.#installClosed(address, row, opened.value);
        // Stored under the present epoch, it is closed once and not with each load.
        this.#context.dirty.change(entry, MUST);
        events.emit({ kind: "discarded", store, address });
        return;
      }
      case "unreadable": {
        const { reason } = opened;
        if (this.#isOwn(address)) throw unreadable(reason);
        this.#setAside(address, [{ kind: "quarantine.put", store, address, record: row.record, reason }]);
        events.emit({ kind: "quarantined", store, address, reason });
        return;
      }
    }
  }

  /** A closed session is kept for receiving; our own sender key is removed with the marks of its group. */
  #installClosed(address: string, row: SignalRow, value: T): CacheEntry<T> {
    if (this.table.store !== "session") return this.#setAside(address, this.table.lost(address));
    return this.#addRecord(address, row, value, new CounterLease(undefined, 0, 0));
  }

  /** @param isStored Whether the row is the stored form of the value. */
  #addRecord(
    address: string,
    row: SignalRow,
    value: T,
    lease: CounterLease | undefined,
    isStored = false,
  ): CacheEntry<T> {
    const entry = new CacheEntry<T>(this, address, `${this.table.store}:${address}`);
    entry.value = value;
    if (isStored) entry.encoded = row.record;
    entry.lease = lease;
    entry.stored = true;
    entry.bytes = row.record.byteLength;
    this.entries.add(entry);
    return entry;
  }

  #addEntry(address: string, stored: boolean): CacheEntry<T> {
    const entry = new CacheEntry<T>(this, address, `${this.table.store}:${address}`);
    entry.stored = stored;
    this.entries.add(entry);
    return entry;
  }

  /** Deletes the row with the next flush, in one commit with `riders`. The address reads as absent. */
  #setAside(address: string, riders: readonly Write[]): CacheEntry<T> {
    const entry = this.#addEntry(address, true);
    this.#context.dirty.change(entry, MUST);
    for (const rider of riders) entry.addRider(rider);
    return entry;
  }

  /** Closes a chain with so many burned keys that receivers might reject the next message. The gate stays. */
  #giveUp(entry: CacheEntry<T>, value: T, lease: CounterLease): void {
    const { address } = entry;
    const { store } = this.table;
    if (store === "session") {
      const closed = this.codec.copy(value);
      this.codec.close(closed);
      this.#context.dirty.change(entry, MUST);
      entry.value = closed;
      entry.mark = undefined;
      entry.lease = this.#stopSending(closed, lease);
    } else {
      this.remove(entry);
      this.#addLosses(entry);
    }
    this.#context.events.emit({ kind: "closed", store, address, burned: lease.burned });
  }

  /** Adds what else is lost with our own sender key to its commit. */
  #addLosses(entry: CacheEntry<T>): void {
    for (const rider of this.table.lost(entry.address)) entry.addRider(rider);
  }

  /** The stored form; `undefined` when there is none, or when it is empty. */
  #encodePresent(entry: CacheEntry<T>, allocate: Allocate): Uint8Array | undefined {
    const { value } = entry;
    if (value === undefined) return undefined;
    let record: Uint8Array;
    try {
      record = this.codec.encode(value, allocate);
    } catch {
      this.#reportUnencodable(entry);
      return UNENCODABLE;
    }
    entry.bytes = record.byteLength;
    this.#context.dirty.recount(entry);
    this.entries.recount(entry);
    return record.byteLength === 0 ? undefined : record;
  }

  /** Reports each state of the entry once, even if it is collected several times. */
  #reportUnencodable(entry: CacheEntry<T>): void {
    if (entry.unencodable === entry.generation) return;
    entry.unencodable = entry.generation;
    this.#context.events.emit({ kind: "unencodable", store: this.table.store, address: entry.address });
  }

  /**
   * The riders of an entry, without removals of pre-keys when the session is not stored in a decodable form.
   */
  #landingRiders(entry: CacheEntry<T>, record: Uint8Array | undefined): readonly Write[] {
    const { riders } = entry;
    if (riders === undefined) return [];
    if (!riders.some(({ kind }) => kind === "preKey.remove") || this.#decodes(record)) return riders;
    return riders.filter(({ kind }) => kind !== "preKey.remove");
  }

  #decodes(record: Uint8Array | undefined): boolean {
    if (record === undefined) return false;
    try {
      this.codec.decode(record);
      return true;
    } catch {
      return false;
    }
  }
}

/** @throws {RangeError} When the id is invalid: its removal would block the write of the session. */
function requireKeyId(id: number): void {
  if (Number.isInteger(id) && id >= 1 && id <= MAX_KEY_ID) return;
  throw new ArgumentRangeError(`consume pre-key: id is not an integer from 1 to ${MAX_KEY_ID}`);
}

function unreadable(reason: string): CorruptError | WrongLengthError {
  const message = "load sender key: our own sender key cannot be read";
  return reason === "wrong-length"
    ? new WrongLengthError(message)
    : new CorruptError(`${message} (${reason})`);
}

/** Whether bytes share their memory with no others. */
function isAlone({ byteLength, buffer }: Uint8Array): boolean {
  return byteLength === buffer.byteLength;
}
