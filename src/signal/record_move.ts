import type { SignalRecordStore, Write } from "../backend/mod.ts";
import { CorruptError, WrongLengthError } from "../errors/mod.ts";
import type { LiveRecordCodec, SendingChain } from "../ratchet/mod.ts";
import type { CacheEntry, EntryOwner } from "./cache_entry.ts";
import { MUST } from "./cache_entry.ts";
import { CounterLease } from "./counter_lease.ts";
import type { DirtySet } from "./dirty_set.ts";
import type { EntryTable } from "./entry_table.ts";
import type { IdentityStore } from "./identity_store.ts";
import type { RecordStore } from "./record_store.ts";
import type { SignalEvents } from "./signal_events.ts";

/** What a move needs of the cache. */
export interface MoveContext {
  readonly dirty: DirtySet;
  readonly events: SignalEvents;
  readonly incarnation: () => string;
}

/**
 * The move of one record or identity from one address to another, prepared: memory is as it was, and both
 * entries stay in it. Exactly one of `land`, `abandon` and `assert` ends it.
 */
export interface PreparedMove {
  /** They land together or not at all. */
  readonly writes: readonly Write[];
  /** The writes were committed: memory follows. */
  land(): void;
  /** They were not. */
  abandon(): void;
  /** Nobody knows. What memory says is written again. */
  assert(): void;
}

/** A store whose entries can be moved. */
interface MovableStore<V> extends EntryOwner<V> {
  readonly entries: EntryTable<V>;
  use<Result>(address: string, section: (entry: CacheEntry<V>) => Result): Promise<Result>;
}

/** An end of a move, held in memory. */
class MoveEnd<V> {
  readonly entry: CacheEntry<V>;
  readonly #store: MovableStore<V>;
  readonly #dirty: DirtySet;
  readonly #value: V | undefined;

  constructor(store: MovableStore<V>, entry: CacheEntry<V>, dirty: DirtySet) {
    this.entry = entry;
    this.#store = store;
    this.#dirty = dirty;
    this.#value = entry.value;
    store.entries.pin(entry);
  }

  /** The row of this address is what `change` makes of the entry. */
  land(change: (entry: CacheEntry<V>) => void): void {
    const { entry } = this;
    this.#store.overtake(entry.address);
    // Put or deleted in between without the lock: that is newer than the move. A lease that was released
    // meanwhile is not: it goes with its record.
    if (entry.value === this.#value && this.#store.entries.has(entry)) {
      entry.committed = Math.max(entry.committed, entry.gate);
      change(entry);
      // What the backend refused on the way, or has not got yet, must not come after the move.
      if (entry.isDirty || entry.riders !== undefined) this.#dirty.change(entry, MUST);
    }
    this.release();
  }

  /** Makes what memory says the next thing to be written. Nothing leaves for this address before it is. */
  assert(): void {
    const { entry } = this;
    this.#store.overtake(entry.address);
    if (!this.#store.entries.has(entry)) return;
    this.#dirty.change(entry, MUST);
    entry.gate = entry.generation;
  }

  /** Nothing leaves for this address either before the other one is written. */
  waitFor({ entry }: MoveEnd<V>): void {
    this.entry.partner = { entry, generation: entry.generation };
  }

  release(): void {
    this.#store.entries.unpin(this.entry);
  }
}

/** Both ends of a move. */
class Ends<V> {
  readonly origin: MoveEnd<V>;
  readonly target: MoveEnd<V>;

  constructor(origin: MoveEnd<V>, target: MoveEnd<V>) {
    this.origin = origin;
    this.target = target;
  }

  abandon(): void {
    this.target.release();
    this.origin.release();
  }

  /**
   * One row may have become the other: with both in the database, one chain would be sent on from two places.
   */
  assert(): void {
    this.target.assert();
    this.origin.assert();
    this.target.waitFor(this.origin);
    this.origin.waitFor(this.target);
    this.abandon();
  }
}

/** `undefined` when there is nothing to move. */
async function holdEnds<V>(
  store: MovableStore<V>,
  from: string,
  to: string,
  dirty: DirtySet,
): Promise<Ends<V> | undefined> {
  const hold = (entry: CacheEntry<V>): MoveEnd<V> => new MoveEnd(store, entry, dirty);
  const origin = await store.use(from, (entry) => (entry.value === undefined ? undefined : hold(entry)));
  if (origin === undefined) return undefined;
  try {
    return new Ends(origin, await store.use(to, hold));
  } catch (error) {
    origin.release();
    throw error;
  }
}

/**
 * Prepares the move of a record. Where there is one at the other end, that one goes on sending, and the
 * states of the record that comes join it, their sending chains burned.
 *
 * @throws {CorruptError | WrongLengthError} When one of the two is our own sender key and cannot be read.
 */
export async function prepareRecordMove<T>(
  store: RecordStore<T>,
  from: string,
  to: string,
  context: MoveContext,
): Promise<PreparedMove | undefined> {
  const ends = await holdEnds(store, from, to, context.dirty);
  if (ends === undefined) return undefined;
  try {
    const move = recordMove(store, ends, context);
    if (move === undefined) ends.abandon();
    return move;
  } catch (error) {
    ends.abandon();
    throw error;
  }
}

function recordMove<T>(store: RecordStore<T>, ends: Ends<T>, context: MoveContext): PreparedMove | undefined {
  const { origin, target } = ends;
  const { codec, table } = store;
  const coming = origin.entry.value as T;
  const there = target.entry.value;
  const value = codec.copy(there ?? coming);
  const comingLease = origin.entry.lease;
  const isReplaced = there !== undefined && sendOnOtherChains(codec, there, coming);
  // Of two own sender keys one is left, and which of them each device holds is unknown.
  const lost = isReplaced ? table.lost(target.entry.address) : [];
  if (there !== undefined) join(store, value, coming, comingLease);
  const lease = leaseOf(codec.sendingChain(value), table.store, [target.entry.lease, comingLease]);
  const record = codec.encode(value);
  // What is stored as nothing is not there to be moved.
  if (record.byteLength === 0) return undefined;
  return {
    writes: [
      table.remove(origin.entry.address),
      table.put(target.entry.address, record, lease?.toStored(context.incarnation())),
      ...lost,
    ],
    land: () => {
      const { riders } = origin.entry;
      target.land((entry) => {
        entry.value = value;
        entry.mark = undefined;
        entry.lease = lease;
        entry.stored = true;
        entry.bytes = record.byteLength;
        for (const rider of riders ?? []) entry.addRider(rider);
      });
      origin.land((entry) => {
        entry.value = undefined;
        entry.mark = undefined;
        entry.lease = undefined;
        entry.stored = false;
        entry.riders = undefined;
      });
      if (lost.length === 0) return;
      context.events.emit({ kind: "replaced", store: table.store, address: target.entry.address });
    },
    abandon: () => ends.abandon(),
    assert: () => ends.assert(),
  };
}

function sendOnOtherChains<T>(codec: LiveRecordCodec<T>, a: T, b: T): boolean {
  const [ofA, ofB] = [codec.sendingChain(a), codec.sendingChain(b)];
  return ofA !== undefined && ofB !== undefined && ofA.id !== ofB.id;
}

/**
 * Takes a record into another one. Both send on one chain where an earlier move was in doubt and the process
 * died before it was decided: a session is burned up to where either may have been, a sender key goes on at
 * the greater iteration.
 */
function join<T>(
  { codec, table }: RecordStore<T>,
  record: T,
  coming: T,
  lease: CounterLease | undefined,
): void {
  const next = lease?.next ?? 0;
  const bound = Math.max(lease?.bound ?? 0, next);
  codec.absorb(record, coming, bound);
  const chain = codec.sendingChain(record);
  if (chain === undefined || chain.id !== lease?.chain) return;
  codec.fastForward(record, chain.id, table.store === "session" ? bound : next);
}

/**
 * The lease of a record at its new place, from those that its parts had: of two of one chain the greater
 * bound and count.
 */
function leaseOf(
  chain: SendingChain | undefined,
  store: SignalRecordStore,
  leases: readonly (CounterLease | undefined)[],
): CounterLease | undefined {
  if (chain === undefined) return store === "session" ? new CounterLease(undefined, 0, 0) : undefined;
  const known = leases.filter((lease) => lease?.chain === chain.id) as CounterLease[];
  const [first] = known;
  const isExact = first?.next === chain.next;
  const lease = isExact ? first.copy() : new CounterLease(chain, chain.next, 0);
  for (const { bound, burned } of known) {
    lease.bound = Math.max(lease.bound, bound);
    lease.burned = Math.max(lease.burned, burned);
  }
  return lease;
}

/**
 * Prepares the move of an identity key. One that is at the other end already stays, and the one that comes is
 * dropped. Where one of them cannot be read, both stay where they are: unreadable is not absent.
 */
export async function prepareIdentityMove(
  store: IdentityStore,
  from: string,
  to: string,
  context: MoveContext,
): Promise<PreparedMove | undefined> {
  const ends = await holdEnds(store, from, to, context.dirty);
  if (ends === undefined) return undefined;
  const { origin, target } = ends;
  const coming = target.entry.value === undefined ? origin.entry.value : undefined;
  const remove: Write = { kind: "identity.delete", address: from };
  return {
    writes: coming === undefined ? [remove] : [{ kind: "identity.put", address: to, key: coming }, remove],
    land: () => {
      target.land((entry) => {
        if (coming === undefined) return;
        entry.value = coming;
        entry.stored = true;
      });
      origin.land((entry) => {
        entry.value = undefined;
        entry.stored = false;
      });
    },
    abandon: () => ends.abandon(),
    assert: () => ends.assert(),
  };
}

/** Prepares the removal of an identity key, one that cannot be read too. */
export async function prepareIdentityRemoval(
  store: IdentityStore,
  address: string,
  context: MoveContext,
): Promise<PreparedMove> {
  const writes: readonly Write[] = [{ kind: "identity.delete", address }];
  try {
    const end = await store.use(address, (entry) => new MoveEnd(store, entry, context.dirty));
    return {
      writes,
      land: () =>
        end.land((entry) => {
          entry.value = undefined;
          entry.stored = false;
        }),
      abandon: () => end.release(),
      assert: () => {
        end.assert();
        end.release();
      },
    };
  } catch (error) {
    if (!(error instanceof WrongLengthError || error instanceof CorruptError)) throw error;
    // It is not in memory, and the next read sees what the store says.
    const forget = (): void => store.overtake(address);
    return { writes, land: forget, abandon: () => {}, assert: forget };
  }
}

/**
 * Prepares the removal of a record; `undefined` when there is none. A pre-key that it consumed and that
 * nobody knows of yet stays.
 */
export async function prepareRemoval<T>(
  store: RecordStore<T>,
  address: string,
  context: MoveContext,
): Promise<PreparedMove | undefined> {
  const end = await store.use(address, (entry) =>
    entry.value === undefined ? undefined : new MoveEnd(store, entry, context.dirty),
  );
  if (end === undefined) return undefined;
  const consumed = (end.entry.riders ?? []).filter(({ kind }) => kind === "preKey.remove");
  end.entry.dropRiders((rider) => consumed.includes(rider));
  const restore = (): void => {
    for (const rider of consumed) end.entry.addRider(rider);
  };
  return {
    writes: [store.table.remove(address)],
    land: () =>
      end.land((entry) => {
        entry.value = undefined;
        entry.mark = undefined;
        entry.lease = undefined;
        entry.stored = false;
      }),
    abandon: () => {
      restore();
      end.release();
    },
    assert: () => {
      restore();
      end.assert();
      end.release();
    },
  };
}
