import type { Clock } from "../ports/mod.ts";
import type { Pending, Urgency } from "../write_behind/mod.ts";
import { type CacheEntry, CLEAN, type EntryUrgency, MUST, NOW } from "./cache_entry.ts";
import type { ChangeSignal } from "./change_signal.ts";
import { PauseCount } from "./pause_count.ts";

/** An entry of any store. */
export type AnyEntry = CacheEntry<unknown>;

/** The urgency of a dirty entry for the engine. */
export function urgencyOf({ urgency }: AnyEntry): Urgency {
  if (urgency === NOW) return "now";
  return urgency === MUST ? "must" : "may";
}

/**
 * The dirty entries of the cache: their number, bytes, age and urgency. It assigns a generation to every
 * change.
 *
 * All values are updated with each change, except the age of the oldest change, which is searched at most
 * once after each flush.
 */
export class DirtySet {
  /** Pauses in the changes. */
  readonly pauses: PauseCount;
  readonly #signal: ChangeSignal;
  readonly #entries = new Set<AnyEntry>();
  #generation = 0;
  #must = 0;
  #bytes = 0;
  /** Valid while `#oldestKnown`. */
  #oldestAtMs: number | undefined;
  #oldestKnown = true;

  /** @param pauseMs Length of a pause: time without a change. */
  constructor(clock: Clock, signal: ChangeSignal, pauseMs: number) {
    this.#signal = signal;
    this.pauses = new PauseCount(clock, pauseMs);
  }

  /** The dirty entries, in the order in which they became dirty. */
  get entries(): ReadonlySet<AnyEntry> {
    return this.#entries;
  }

  /** Known bytes of the dirty entries' stored forms. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Records a change of an entry and assigns its generation. The caller changes the content right after. */
  change(entry: AnyEntry, urgency: EntryUrgency): void {
    this.#generation += 1;
    entry.generation = this.#generation;
    const isFirst = entry.freshUrgency === CLEAN;
    if (isFirst) {
      entry.freshSinceMs = this.pauses.changed();
      entry.freshUrgency = urgency;
    } else if (urgency > entry.freshUrgency) entry.freshUrgency = urgency;
    if (urgency > entry.urgency) this.#raise(entry, urgency);
    // The engine may be writing the previous change of the same urgency.
    else if (urgency === NOW && isFirst) this.#signal.turned("now");
    else if (this.#signal.repeated()) this.pauses.changed();
  }

  /** Records that the engine has collected the entry's latest state. */
  collected(entry: AnyEntry): void {
    entry.freshUrgency = CLEAN;
  }

  /**
   * Records that the collected generation is durable. An entry that changed later stays dirty with the
   * urgency and age of the later changes.
   *
   * @returns Whether the entry is clean.
   */
  committed(entry: AnyEntry, generation: number): boolean {
    this.#oldestKnown = false;
    if (entry.generation === generation) {
      this.remove(entry);
      return true;
    }
    if (entry.urgency >= MUST && entry.freshUrgency < MUST) this.#must -= 1;
    entry.urgency = entry.freshUrgency;
    entry.sinceMs = entry.freshSinceMs;
    this.recount(entry);
    return false;
  }

  /** Removes an entry that is clean now, or no longer in the cache. */
  remove(entry: AnyEntry): void {
    if (!this.#entries.delete(entry)) return;
    this.#oldestKnown = false;
    if (entry.urgency >= MUST) this.#must -= 1;
    this.#bytes -= entry.countedBytes;
    entry.countedBytes = 0;
    entry.urgency = CLEAN;
    entry.freshUrgency = CLEAN;
  }

  /** Updates the count of bytes after the size of a dirty entry has changed. */
  recount(entry: AnyEntry): void {
    this.#bytes += entry.bytes - entry.countedBytes;
    entry.countedBytes = entry.bytes;
  }

  /** Removes all entries. Generations keep growing. */
  clear(): void {
    for (const entry of this.#entries) this.remove(entry);
    this.#oldestAtMs = undefined;
    this.#oldestKnown = true;
  }

  pending(): Pending {
    if (!this.#oldestKnown) this.#findOldest();
    const must = this.#must;
    return { must, may: this.#entries.size - must, bytes: this.#bytes, oldestAtMs: this.#oldestAtMs };
  }

  #raise(entry: AnyEntry, urgency: EntryUrgency): void {
    if (entry.urgency === CLEAN) {
      entry.owner.becameDirty(entry);
      entry.sinceMs = entry.freshSinceMs;
      this.#entries.add(entry);
      this.recount(entry);
      if (this.#entries.size === 1) this.#oldestAtMs = entry.sinceMs;
    }
    if (urgency >= MUST && entry.urgency < MUST) this.#must += 1;
    entry.urgency = urgency;
    this.#signal.turned(urgencyOf(entry));
  }

  #findOldest(): void {
    let oldest: number | undefined;
    for (const { sinceMs } of this.#entries) {
      if (oldest === undefined || sinceMs < oldest) oldest = sinceMs;
    }
    this.#oldestAtMs = oldest;
    this.#oldestKnown = true;
  }
}
