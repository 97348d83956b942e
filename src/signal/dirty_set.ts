import type { Clock } from "../ports/mod.ts";
import type { Pending, Urgency } from "../write_behind/mod.ts";
import { type CacheEntry, CLEAN, type EntryUrgency, MUST, NOW } from "./cache_entry.ts";
import type { ChangeSignal } from "./change_signal.ts";
import { PauseCount } from "./pause_count.ts";

/** An entry of any store. */
export type AnyEntry = CacheEntry<unknown>;

/** The urgency of a dirty entry as the engine knows it. */
export function urgencyOf({ urgency }: AnyEntry): Urgency {
  if (urgency === NOW) return "now";
  return urgency === MUST ? "must" : "may";
}

/**
 * Everything in the cache that is not durable: how much, since when, how urgent. It gives every change its
 * number.
 *
 * All answers are kept up to date with each change, except the age of the oldest one, which is looked for at
 * most once after each flush.
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

  /** @param pauseMs Time without a change that is a pause. */
  constructor(clock: Clock, signal: ChangeSignal, pauseMs: number) {
    this.#signal = signal;
    this.pauses = new PauseCount(clock, pauseMs);
  }

  /** The dirty entries, in the order in which they became dirty. */
  get entries(): ReadonlySet<AnyEntry> {
    return this.#entries;
  }

  /** Bytes of the dirty entries' stored forms, as far as known. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Numbers a change of an entry and notes what it makes of it. The caller changes the content right after.
   */
  change(entry: AnyEntry, urgency: EntryUrgency): void {
    this.#generation += 1;
    entry.generation = this.#generation;
    const isFirst = entry.freshUrgency === CLEAN;
    if (isFirst) {
      entry.freshSinceMs = this.pauses.changed();
      entry.freshUrgency = urgency;
    } else if (urgency > entry.freshUrgency) entry.freshUrgency = urgency;
    if (urgency > entry.urgency) this.#raise(entry, urgency);
    // The engine may be writing what was as urgent before.
    else if (urgency === NOW && isFirst) this.#signal.turned("now");
    else if (this.#signal.repeated()) this.pauses.changed();
  }

  /** Notes that what the engine has of an entry is its latest state: later changes count from now on. */
  collected(entry: AnyEntry): void {
    entry.freshUrgency = CLEAN;
  }

  /**
   * Notes that what was collected with a generation is durable. An entry that has changed since is as dirty
   * as what changed.
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

  /** Takes an entry out: it is clean now, or no longer part of the cache. */
  remove(entry: AnyEntry): void {
    if (!this.#entries.delete(entry)) return;
    this.#oldestKnown = false;
    if (entry.urgency >= MUST) this.#must -= 1;
    this.#bytes -= entry.countedBytes;
    entry.countedBytes = 0;
    entry.urgency = CLEAN;
    entry.freshUrgency = CLEAN;
  }

  /** Brings the count of bytes in line with what is known of a dirty entry. */
  recount(entry: AnyEntry): void {
    this.#bytes += entry.bytes - entry.countedBytes;
    entry.countedBytes = entry.bytes;
  }

  /** Forgets everything. Numbers go on growing. */
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
