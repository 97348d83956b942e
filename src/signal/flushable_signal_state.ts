import type { Write } from "../backend/mod.ts";
import { EncodingSlab } from "../protobuf/mod.ts";
import type { DirtyItem, Flushable, Outcome, Pending, Urgency } from "../write_behind/mod.ts";
import { type AnyEntry, type DirtySet, urgencyOf } from "./dirty_set.ts";

/** Name of the cache among the flushables of the engine. */
export const SIGNAL_FLUSHABLE = "signal";

/** An entry that the engine has, and what it has of it. */
interface Collected {
  readonly entry: AnyEntry;
  readonly riders: readonly Write[];
  readonly stored: boolean;
}

/** What the cache does beside. */
export interface FlushHooks {
  /** Called after each flush: there may be clean entries again. */
  flushed(): void;
  /** Something is clean whose bound is above its counter: a pause should find it. */
  reserved(): void;
  /** Makes counters and bounds exact. */
  release(): void;
}

/** Hands the cache's changes to the engine, and notes what became of them. */
export class FlushableSignalState implements Flushable {
  readonly name: string = SIGNAL_FLUSHABLE;
  readonly #dirty: DirtySet;
  readonly #hooks: FlushHooks;
  /** What the engine has now, by key. */
  readonly #collected = new Map<string, Collected>();
  /** What it has of an incarnation of the cache that was cleared. */
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
      const { writes, riders, stored } = entry.owner.snapshot(entry, allocate);
      this.#collected.set(entry.key, { entry, riders, stored });
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
    this.#collected.clear();
    // Whatever became of them: what was read since may be from before.
    for (const { owner, address } of this.#orphans) owner.overtake(address);
    this.#orphans.clear();
    this.#hooks.flushed();
    if (hasReserve) this.#hooks.reserved();
  }

  release(): void {
    this.#hooks.release();
  }

  /** Gives up what the engine has: its outcome makes nothing clean any more. */
  clear(): void {
    for (const { entry } of this.#collected.values()) this.#orphans.add(entry);
    this.#collected.clear();
  }

  #commit({ entry, riders, stored }: Collected, generation: number): void {
    if (generation > entry.committed) entry.committed = generation;
    entry.stored = stored;
    if (riders.length > 0) entry.dropRiders((rider) => riders.includes(rider));
    if (this.#dirty.committed(entry, generation)) entry.owner.becameClean(entry);
  }
}
