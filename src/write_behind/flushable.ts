import type { Write } from "../backend/mod.ts";

/**
 * How urgent a change is.
 *
 * - `now`: must not be lost. It is committed within a turn of the event loop and 50 ms, without what is less
 *   urgent.
 * - `must`: flushed within the saver's interval.
 * - `may`: rides along with any flush of `must`, and causes one of its own only at maximum age, when idle,
 *   and at close.
 */
export type Urgency = "now" | "must" | "may";

/** One dirty thing, as the writes that make it durable. They land together or not at all. */
export interface DirtyItem {
  /** Names the thing within its flushable, stable over time. Appears in reports: it must not hold secrets. */
  readonly key: string;
  /**
   * Grows with every change of the thing. What changed after it was collected has a greater one and stays
   * dirty.
   */
  readonly generation: number;
  readonly urgency: Urgency;
  readonly writes: readonly Write[];
  /**
   * Whether the flushable has checked the writes with `validateWrite`. The engine checks those of other
   * items.
   */
  readonly checked?: boolean;
}

/** Names an item that was collected. */
export interface ItemVersion {
  readonly key: string;
  readonly generation: number;
}

/** What became of the items of one `collect`. Every collected item is in exactly one of the lists. */
export interface Outcome {
  /** Durable. What still has this generation is clean now. */
  readonly committed: readonly ItemVersion[];
  /** Refused by the backend while the rest was committed; still dirty. */
  readonly isolated: readonly (ItemVersion & { readonly error: Error })[];
  /** Not committed; still dirty. */
  readonly failed: readonly ItemVersion[];
}

/** How much a flushable has to write. */
export interface Pending {
  /** Items that are `must` or `now`. */
  readonly must: number;
  readonly may: number;
  /** An estimate of the bytes that a flush would write. */
  readonly bytes: number;
  /** Clock time of the oldest change that is not durable, `undefined` when clean. */
  readonly oldestAtMs: number | undefined;
}

/**
 * Something whose state is written behind. The engine calls `collect` and `applyOutcome` alternately, never
 * two collects without an `applyOutcome` between them. Neither may block readers or writers of the flushable.
 */
export interface Flushable {
  /** Unique among the flushables of an engine, in reports. */
  readonly name: string;
  pending(): Pending;
  /** All dirty items, or only those that `only` accepts. Bytes handed over are not changed afterwards. */
  collect(only?: (key: string, urgency: Urgency) => boolean): readonly DirtyItem[];
  applyOutcome(outcome: Outcome): void;
  /**
   * Called in a pause of the changes and before the last flush. The flushable releases what it holds in
   * reserve, such as leases; what becomes dirty by that is written at once. `notify("may")` makes sure that a
   * pause is noticed though nothing is dirty.
   */
  release?(): void;
}
