import type { Write } from "../backend/mod.ts";

/**
 * Urgency of a change.
 *
 * - `now`: must not be lost. It is committed within a turn of the event loop and `nowDelayMs`, without less
 *   urgent changes.
 * - `must`: flushed within the saver's interval.
 * - `may`: is written with any flush of `must`, and causes a flush only at maximum age, in a pause, and at
 *   close.
 */
export type Urgency = "now" | "must" | "may";

/** One dirty item: the writes that make it durable, all or none. */
export interface DirtyItem {
  /** Stable name of the item within its flushable. Appears in reports, so it must not contain secrets. */
  readonly key: string;
  /** Grows with every change of the item. An item that changed after it was collected stays dirty. */
  readonly generation: number;
  /** How soon it must be durable. */
  readonly urgency: Urgency;
  /** The writes that make the item durable, in order. The engine owns them until `applyOutcome`. */
  readonly writes: readonly Write[];
  /** Whether the flushable has checked the writes with `validateWrite`. If not, the engine checks them. */
  readonly checked?: boolean;
}

/** Identifies a collected item. */
export interface ItemVersion {
  /** The key of the collected item. */
  readonly key: string;
  /** The generation at the time of the collection. */
  readonly generation: number;
}

/** Outcome of the items of one `collect`. Every collected item is in exactly one of the lists. */
export interface Outcome {
  /** Durable. Items that still have this generation are clean now. */
  readonly committed: readonly ItemVersion[];
  /** Refused by the backend; still dirty. */
  readonly isolated: readonly (ItemVersion & { readonly error: Error })[];
  /** Not committed; still dirty. */
  readonly failed: readonly ItemVersion[];
}

/** Counts of a flushable's dirty items. */
export interface Pending {
  /** Number of items that are `must` or `now`. */
  readonly must: number;
  /** Number of items that are `may`. */
  readonly may: number;
  /** Estimated bytes that a flush would write. */
  readonly bytes: number;
  /** Clock time of the oldest change that is not durable; `undefined` when clean. */
  readonly oldestAtMs: number | undefined;
}

/**
 * An object with write-behind state. The engine calls `collect` and `applyOutcome` alternately. Neither may
 * block readers or writers of the flushable.
 */
export interface Flushable {
  /** Unique name among the flushables of an engine, used in reports. */
  readonly name: string;
  /** The present counts. Called often: it must not depend on the number of items. */
  pending(): Pending;
  /**
   * Returns all dirty items, or those that `only` accepts. The flushable must not change the returned bytes
   * afterwards.
   */
  collect(only?: (key: string, urgency: Urgency) => boolean): readonly DirtyItem[];
  /** Called once for each `collect`, with what became of its items, before the next one. */
  applyOutcome(outcome: Outcome): void;
  /**
   * Called in a pause and before the last flush. The flushable releases its reserves, such as leases; items
   * that become dirty by this are written at once. Call `notify("may")` to get this call in the next pause
   * even if nothing is dirty.
   */
  release?(): void;
  /**
   * Called before a flush at the maximum age of changes, which writes every dirty item. The flushable may
   * raise the reserves of its dirty items, so that they need no commit of their own soon.
   */
  renew?(): void;
}
