import type { SignalRow, Write } from "../backend/mod.ts";
import { MAX_KEY_ID } from "../bytes/mod.ts";
import { CorruptError, WrongLengthError } from "../errors/mod.ts";
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
import { requireAddress, type StoreContext } from "./store_context.ts";
import { openStoredRecord } from "./stored_record.ts";

/**
 * What no backend accepts: stands for a record that cannot be encoded, so that the engine isolates its entry
 * alone.
 */
const UNENCODABLE = new Uint8Array(0);

/** What a store of records is made of. */
export interface RecordStoreOptions<T> {
  readonly context: StoreContext;
  readonly codec: LiveRecordCodec<T>;
  readonly table: RecordTable;
  /** Whether a record that cannot be read is an error to its reader and not absent: our own sender key. */
  readonly isOwn: (address: string) => boolean;
}

/** The sessions, or the sender keys, in memory. */
export class RecordStore<T> implements SignalRecords<T>, EntryOwner<T> {
  readonly entries: EntryTable<T>;
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
      capacity: context.capacity,
      release: (entry) => this.#release(entry),
      removed: (address) => this.#loads.removed(address),
    });
  }

  // Not an async function, as `put` is not: what is in memory is answered for half of what one would cost.
  load(address: string): Promise<T | undefined> {
    const entry = this.entries.get(address);
    if (entry === undefined) return this.use(address, (loaded) => this.#copyOf(loaded));
    this.reads.hits += 1;
    if (!entry.isDirty) this.entries.touch(entry);
    return Promise.resolve(this.#copyOf(entry));
  }

  async loadMany(addresses: readonly string[]): Promise<(T | undefined)[]> {
    this.#loads.begin(addresses);
    return await Promise.all(addresses.map((address) => this.use(address, (entry) => this.#copyOf(entry))));
  }

  peek(address: string): T | undefined {
    return this.entries.get(address)?.value;
  }

  async has(address: string): Promise<boolean> {
    return await this.use(address, ({ value }) => value !== undefined);
  }

  put(address: string, record: T, options?: PutOptions): Promise<Ticket> {
    const entry = this.entries.get(address);
    if (entry === undefined || !entry.isDirty) return this.#putWithRoom(address, record, options);
    // What is dirty takes no more room by becoming dirtier.
    try {
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

  /**
   * Brings an entry into memory, to be changed at once. `undefined` deletes. @throws {StoreError} As `put`.
   */
  async prepareChange(address: string, record: T | undefined): Promise<PreparedChange> {
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
    return await this.use(address, (entry) => {
      this.entries.pin(entry);
      return {
        isCurrent: () => this.entries.has(entry),
        needsRoom: () => !entry.isDirty,
        check: () => this.#check(entry, record),
        apply: () => this.#apply(entry, record, undefined),
        release: () => this.entries.unpin(entry),
      };
    });
  }

  async consumePreKey(address: string, preKeyId: number): Promise<void> {
    requireKeyId(preKeyId);
    if (this.entries.get(address)?.isDirty !== true) await this.#context.ready();
    await this.use(address, (entry) => {
      if (entry.value !== undefined) this.#context.dirty.change(entry, MUST);
      this.#addConsumed(entry, preKeyId);
    });
  }

  /**
   * Hands over the entry of an address, read if it is not in memory. It is in memory while `section` runs,
   * and not a moment longer.
   */
  async use<Result>(address: string, section: (entry: CacheEntry<T>) => Result): Promise<Result> {
    const entry = this.entries.get(address);
    this.reads.add(entry !== undefined);
    if (entry !== undefined) return section(entry);
    return await this.#loads.whenLoaded(address, () => section(this.entries.get(address) as CacheEntry<T>));
  }

  /**
   * Whether sending `steps` more messages for an address takes a commit first. @throws {StoreError} As
   * `load`.
   */
  needsCommit(address: string, steps: number): Promise<boolean> {
    return this.use(
      address,
      ({ value, lease }) => value === undefined || lease?.needsCommit(steps) !== false,
    );
  }

  forfeit(entry: CacheEntry<T>): void {
    const { address, lease, value } = entry;
    // Another entry of the address may have been read since.
    if (value === undefined || lease === undefined || !this.entries.has(entry)) return;
    const keys = lease.forfeit();
    if (keys === 0) return;
    const { store } = this.table;
    this.#context.events.emit({ kind: "burned", store, address, keys });
    if (lease.burned < MAX_BURNED_KEYS) this.#context.dirty.change(entry, MAY);
    else this.#giveUp(entry, value, lease);
  }

  /** Makes an entry absent. Its gate stays; what was to land with the record does not land without it. */
  remove(entry: CacheEntry<T>): void {
    this.#context.dirty.change(entry, NOW);
    entry.value = undefined;
    entry.mark = undefined;
    entry.lease?.stop();
    entry.dropRiders((rider) => rider.kind === "preKey.remove");
  }

  /** Writes the counter of every record that has sent as its bound. */
  releaseLeases(): void {
    for (const entry of this.entries.entries()) {
      if (entry.value === undefined || entry.lease?.hasReserve !== true) continue;
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

  becameClean(entry: CacheEntry<T>): void {
    this.entries.becameClean(entry);
  }

  snapshot(entry: CacheEntry<T>, allocate: Allocate): EntrySnapshot {
    const { address, value, lease } = entry;
    const record = value === undefined ? undefined : this.#encode(entry, value, allocate);
    const riders = this.#landingRiders(entry, record);
    if (record === undefined) {
      return { writes: [this.table.remove(address), ...riders], riders, stored: false };
    }
    const stored = lease?.toStored(this.#context.incarnation());
    return { writes: [this.table.put(address, record, stored), ...riders], riders, stored: true };
  }

  #copyOf({ value }: CacheEntry<T>): T | undefined {
    return value === undefined ? undefined : this.codec.copy(value);
  }

  async #putWithRoom(address: string, record: T, options: PutOptions | undefined): Promise<Ticket> {
    await this.#context.ready();
    return await this.use(address, (entry) => this.#apply(entry, record, options));
  }

  /** Nothing has to be read to be deleted. */
  #deleteNow(address: string): Ticket {
    const entry = this.entries.get(address) ?? this.#addEntry(address, true);
    if (entry.isDirty || entry.value !== undefined || entry.stored) this.remove(entry);
    // What a session consumed that never came is not consumed by the next one.
    else entry.dropRiders((rider) => rider.kind === "preKey.remove");
    return entry.isGated ? GATED : OPEN;
  }

  #apply(entry: CacheEntry<T>, record: T, options: PutOptions | undefined): Ticket {
    const { codec } = this;
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

  /** Brings the lease in line with a record that is put, and says whether that closes the gate. */
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
   * Says of a record what `#apply` would, and changes neither. @throws {RewindError | RangeError} When it
   * must not be put.
   */
  #check(entry: CacheEntry<T>, record: T): void {
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
      throw new RewindError(`put ${this.table.store}: it sends on a chain that was closed`);
    }
    if (lease?.isBehind(chain) !== true) return;
    throw new RewindError(`put ${this.table.store}: its counter went back on the same chain`);
  }

  #addConsumed(entry: CacheEntry<T>, id: number): void {
    entry.addRider({ kind: "preKey.remove", id });
  }

  /** The lease of a record that sends no more. */
  #stopSending(record: T, lease: CounterLease | undefined): CounterLease | undefined {
    if (lease === undefined) {
      return this.table.store === "session" ? new CounterLease(undefined, 0, 0) : undefined;
    }
    this.#burnOutgoing(record, lease);
    lease.stop();
    return lease;
  }

  /** The lease of a record that sends on another chain than before. */
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
   * Burns, in a record that has begun to send on another chain, the chain before it, if the record still has
   * it. It comes before anything is changed: a record in which the chain stands too far back to be burned is
   * one made from an old copy, and would send with used keys if that chain came back in a later incarnation,
   * which knows no more where it was.
   *
   * @throws {RangeError} When the chain is there, and more than 2,000 behind. The record is as it was.
   */
  #burnOutgoing(record: T, lease: CounterLease): void {
    if (lease.chain === "" || lease.bound === 0 || !this.#hasChain(record, lease.chain)) return;
    this.codec.fastForward(record, lease.chain, lease.bound);
  }

  /** Nothing is ahead of 0: all that a codec can refuse then is a chain that is not there. */
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
        this.#addRecord(address, row, opened.value, opened.lease);
        if (opened.burnedKeys > 0) events.emit({ kind: "burned", store, address, keys: opened.burnedKeys });
        return;
      case "closed":
        if (store === "session")
          this.#addRecord(address, row, opened.value, new CounterLease(undefined, 0, 0));
        else this.#setAside(address, table.lost(address));
        events.emit({ kind: "closed", store, address, burned: opened.burned });
        return;
      case "outdated":
        this.#setAside(address, opened.isOwn ? table.lost(address) : []);
        events.emit({ kind: "discarded", store, address });
        return;
      case "unreadable": {
        const { reason } = opened;
        if (this.#isOwn(address)) throw unreadable(reason);
        this.#setAside(address, [{ kind: "quarantine.put", store, address, record: row.record, reason }]);
        events.emit({ kind: "quarantined", store, address, reason });
        return;
      }
    }
  }

  #addRecord(address: string, row: SignalRow, value: T, lease: CounterLease | undefined): void {
    const entry = new CacheEntry<T>(this, address, `${this.table.store}:${address}`);
    entry.value = value;
    entry.lease = lease;
    entry.stored = true;
    entry.bytes = row.record.byteLength;
    this.entries.add(entry);
  }

  #addEntry(address: string, stored: boolean): CacheEntry<T> {
    const entry = new CacheEntry<T>(this, address, `${this.table.store}:${address}`);
    entry.stored = stored;
    this.entries.add(entry);
    return entry;
  }

  /**
   * The row goes with the next flush, and what `riders` say happens in the same commit. The address reads as
   * absent.
   */
  #setAside(address: string, riders: readonly Write[]): void {
    const entry = this.#addEntry(address, true);
    this.#context.dirty.change(entry, MUST);
    for (const rider of riders) entry.addRider(rider);
  }

  /**
   * Ends a chain with so many burned keys that its receivers might refuse the next message. The gate stays.
   */
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
      for (const rider of this.table.lost(address)) entry.addRider(rider);
    }
    this.#context.events.emit({ kind: "closed", store, address, burned: lease.burned });
  }

  /** Before a clean record leaves, its bound is lowered: nobody would do it later. */
  #release(entry: CacheEntry<T>): boolean {
    if (entry.value === undefined || entry.lease?.hasReserve !== true) return true;
    this.#context.dirty.change(entry, MAY);
    entry.lease.release();
    return false;
  }

  /** The stored form, `undefined` when there is nothing to store. */
  #encode(entry: CacheEntry<T>, value: T, allocate: Allocate): Uint8Array | undefined {
    let record: Uint8Array;
    try {
      record = this.codec.encode(value, allocate);
    } catch {
      this.#reportUnencodable(entry);
      return UNENCODABLE;
    }
    entry.bytes = record.byteLength;
    this.#context.dirty.recount(entry);
    return record.byteLength === 0 ? undefined : record;
  }

  /** Once for each state of the entry, however often it is collected. */
  #reportUnencodable(entry: CacheEntry<T>): void {
    if (entry.unencodable === entry.generation) return;
    entry.unencodable = entry.generation;
    this.#context.events.emit({ kind: "unencodable", store: this.table.store, address: entry.address });
  }

  /** The riders of an entry, without removals of pre-keys whose session would not be there. */
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

/**
 * @throws {RangeError} When no pre-key can have this id: its removal would keep the session from being
 * written.
 */
function requireKeyId(id: number): void {
  if (Number.isInteger(id) && id >= 1 && id <= MAX_KEY_ID) return;
  throw new RangeError(`consume pre-key: id is ${id}, expected 1 to ${MAX_KEY_ID}`);
}

function unreadable(reason: string): CorruptError | WrongLengthError {
  const message = "load sender key: our own sender key cannot be read";
  return reason === "wrong-length"
    ? new WrongLengthError(message)
    : new CorruptError(`${message} (${reason})`);
}
