import type { Urgency } from "./flushable.ts";

/**
 * Why an item is still dirty after a flush that resolved.
 *
 * - `refused`: the backend does not accept this item. It is retried alone, with growing pauses, until it
 *   changes or is accepted.
 * - `unresolved`: the flush did not decide it: the backend failed during the isolation, or the item is in a
 *   refused group and the flush reached its limit of commits before it found the refused item. It is part of
 *   the next flush.
 */
export type IsolationReason = "refused" | "unresolved";

/** An item that is still dirty after a flush that made others durable. */
export interface IsolatedItem {
  /** Name of the flushable. */
  readonly flushable: string;
  /** Key of the item within its flushable. */
  readonly key: string;
  /** The generation that was collected. The item may have changed since. */
  readonly generation: number;
  /** Why it is still dirty. */
  readonly reason: IsolationReason;
  /** The backend's error. A `RefusedError` when the reason is `refused`. */
  readonly error: Error;
}

/**
 * Result of a flush for one caller. All selected items that were dirty at the time of the call are durable,
 * except those in `isolated`.
 */
export interface FlushReport {
  /** Number of items that are durable now. */
  readonly committed: number;
  /** Items that are still dirty. */
  readonly isolated: readonly IsolatedItem[];
  /** Number of writes of the committed items. */
  readonly writes: number;
  /** Number of rows that those writes changed, as the backend counts them. */
  readonly rows: number;
  /** Estimated bytes of those writes. */
  readonly bytes: number;
  /** Time from the collection to the outcome, in milliseconds. */
  readonly durationMs: number;
}

/**
 * Selects items by the name of their flushable, their key and their urgency. It must not throw and must be
 * deterministic.
 */
export type FlushSelection = (flushable: string, key: string, urgency: Urgency) => boolean;
