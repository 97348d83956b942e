import type { Write } from "../backend/mod.ts";
import { EncodingSlab } from "../protobuf/mod.ts";
import type { DirtyItem, Flushable, Outcome, Pending, Urgency } from "../write_behind/mod.ts";
import type { CounterLease } from "./counter_lease.ts";
import { type AnyEntry, type DirtySet, urgencyOf } from "./dirty_set.ts";

/** Name of the cache's flushable. */
export const SIGNAL_FLUSHABLE = "signal";

/** A collected entry and its collected state. */
interface Collected {
  readonly entry: AnyEntry;
  readonly riders: readonly Write[];
  readonly stored: boolean;
  readonly lease: CounterLease | undefined;
  /** The renewed bound in the collected row. */
  readonly renewed: number;
  readonly record: Uint8Array | undefined;
}

/** Callbacks of the cache. */
export interface FlushHooks {
  /** Called after each flush, when entries may have become clean. */
  flushed(): void;
  /** Called when a clean entry has a bound above its counter, which the next pause should release. */
  reserved(): void;
  /** Releases all leases. */
  release(): void;
  /** Raises the leases of dirty entries. */
  renew(): void;
}

/** Passes the cache's changes to the engine and applies the outcomes. */
export class FlushableSignalState implements Flushable {
  readonly name: string = SIGNAL_FLUSHABLE;
  readonly #dirty: DirtySet;
  readonly #hooks: FlushHooks;
  /** Collected entries, by key. */
  readonly #collected = new Map<string, Collected>();
  /** Collected entries of an incarnation that was cleared. */
  readonly #orphans = new Set<AnyEntry>();

  constructor(dirty: DirtySet, hooks: FlushHooks) {
    this.#dirty = dirty;
    this.#hooks = hooks;
  }

  pending(): Pending {
    return this.#dirty.pending();
  }

  collect(only?: (key: string, urgency: Urgency) => boolean): readonly DirtyItem[] {
    const collected: DirtyItem[] = [];
    const { allocate } = new EncodingSlab(this.#dirty.bytes);
    for (const entry of this.#dirty.entries) {
      const urgency = urgencyOf(entry);
      if (only !== undefined && !only(entry.key, urgency)) continue;
      const { writes, riders, stored, record } = entry.owner.snapshot(entry, allocate);
      const { lease } = entry;
      this.#collected.set(entry.key, { entry, riders, stored, lease, renewed: lease?.renewed ?? 0, record });
      this.#dirty.collected(entry);
      collected.push({
        key: entry.key,
        generation: entry.generation,
        urgency,
        writes: writes,
      });
    }
    return collected;
  }

  applyOutcome({ committed }: Outcome): void {
    let hasReserve = false;
    for (const { key, generation } of committed) {
      const taken = this.#collected.get(key);
      if (taken === undefined) continue;
      this.#commit(taken, generation);
      hasReserve ||= taken.entry.lease?.hasReserve === true;
    }
    for (const { entry } of this.#collected.values()) entry.owner.settle(entry);
    this.#collected.clear();
    // With any outcome, reads made in between may be outdated.
    for (const { owner, address } of this.#orphans) owner.overtake(address);
    this.#orphans.clear();
    this.#hooks.flushed();
    if (hasReserve) this.#hooks.reserved();
  }

  release(): void {
    this.#hooks.release();
  }

  renew(): void {
    this.#hooks.renew();
  }

  /** Drops the collected entries: their outcome makes nothing clean. */
  clear(): void {
    for (const { entry } of this.#collected.values()) this.#orphans.add(entry);
    this.#collected.clear();
  }

  #commit({ entry, riders, stored, lease, renewed, record }: Collected, generation: number): void {
    // The lease of a record that moved has left with it.
    if (lease !== undefined && lease === entry.lease) lease.renewalStored(renewed);
    if (generation > entry.committed) entry.committed = generation;
    entry.stored = stored;
    if (riders.length > 0) entry.dropRiders((rider) => riders.includes(rider));
    if (this.#dirty.committed(entry, generation)) entry.owner.becameClean(entry, record);
  }
}
