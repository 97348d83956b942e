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

/** The state of the cache that a move uses. */
export interface MoveContext {
  readonly dirty: DirtySet;
  readonly events: SignalEvents;
  readonly incarnation: () => string;
}

/**
 * A prepared move of one record or identity to another address: memory is unchanged, and both entries are
 * pinned. Call exactly one of `land`, `abandon` and `assert`.
 */
export interface PreparedMove {
  /** The writes must land together or not at all. */
  readonly writes: readonly Write[];
  /** Applies the move to memory, after the commit. */
  land(): void;
  /** Ends the move after a failed commit. */
  abandon(): void;
  /** Ends the move after a commit with an unknown outcome: the state in memory is written again. */
  assert(): void;
}

/** A store whose entries can be moved. */
interface MovableStore<V> extends EntryOwner<V> {
  readonly entries: EntryTable<V>;
  use<Result>(address: string, section: (entry: CacheEntry<V>) => Result): Promise<Result>;
}

/** One end of a move, pinned in memory. */
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

  /** Applies the committed row with `change`. */
  land(change: (entry: CacheEntry<V>) => void): void {
    const { entry } = this;
    this.#store.overtake(entry.address);
    // A put or delete without the lock is newer than the move. A lease released during the move is not: it
    // moves with its record.
    if (entry.value === this.#value && this.#store.entries.has(entry)) {
      entry.committed = Math.max(entry.committed, entry.gate);
      change(entry);
      // An earlier change that the backend refused or has not received must not be written after the move.
      if (entry.isDirty || entry.riders !== undefined) this.#dirty.change(entry, MUST);
    }
    this.release();
  }

  /** Makes the entry dirty, so that the state in memory is written, and gates its address until then. */
  assert(): void {
    const { entry } = this;
    this.#store.overtake(entry.address);
    if (!this.#store.entries.has(entry)) return;
    this.#dirty.change(entry, MUST);
    entry.gate = entry.generation;
  }

  /** Gates this address until the other end is written. */
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

  /** The move may have landed. With both rows in the database, one chain would be used from two addresses. */
  assert(): void {
    this.target.assert();
    this.origin.assert();
    this.target.waitFor(this.origin);
    this.origin.waitFor(this.target);
    this.abandon();
  }
}

/** Pins both ends; `undefined` when there is nothing to move. */
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
 * Prepares the move of a record. A record at the target keeps its sending chain, and the states of the moved
 * record join it, with burned sending chains.
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
  // Only one of two own sender keys stays, and it is unknown which one each device holds.
  const lost = isReplaced ? table.lost(target.entry.address) : [];
  if (there !== undefined) join(store, value, coming, comingLease);
  const lease = leaseOf(codec.sendingChain(value), table.store, [target.entry.lease, comingLease]);
  const record = codec.encode(value);
  // An empty record has no row.
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
 * Adds the moved record to the record at the target. Both send on one chain after an earlier move with an
 * unknown outcome and a crash: a session's keys are then burned up to the greater bound, and a sender key
 * continues at the greater iteration.
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

/** The lease of a joined record: with two leases of one chain, the greater bound and count. */
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
 * Prepares the move of an identity key. A key at the target stays, and the moved one is dropped. When one of
 * them cannot be read, both stay, because an invalid key does not count as absent.
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

/** Prepares the removal of an identity key, even of an invalid one. */
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
    // The key is not in memory, and the next read reads the store.
    const forget = (): void => store.overtake(address);
    return { writes, land: forget, abandon: () => {}, assert: forget };
  }
}

/**
 * Prepares the removal of a record; `undefined` when there is none. A consumed pre-key whose removal has not
 * landed stays.
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
