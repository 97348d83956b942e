import type { Urgency } from "./flushable.ts";

/**
 * Why an item is still dirty after a flush that resolved.
 *
 * - `refused`: the backend will not accept this item. It is kept, and tried again alone and ever more rarely
 *   until it changes or is accepted.
 * - `unresolved`: the flush did not get to it: the backend failed half way through an isolation, or the item
 *   is one of a refused group and the commits that one flush may spend on looking for the culprit were used
 *   up. It is part of the next flush.
 */
export type IsolationReason = "refused" | "unresolved";

/** An item that a flush did not make durable while it made others durable. It is still dirty. */
export interface IsolatedItem {
  /** Name of the flushable. */
  readonly flushable: string;
  /** Key of the item within its flushable. */
  readonly key: string;
  readonly generation: number;
  readonly reason: IsolationReason;
  /** What the backend said. A `RefusedError` when the reason is `refused`. */
  readonly error: Error;
}

/**
 * What a flush did for the caller that asked for it. Everything that was dirty when the flush was asked for,
 * and that the caller selected, is durable, save what `isolated` names.
 */
export interface FlushReport {
  /** Items that are durable now. */
  readonly committed: number;
  /** Items that are still dirty. */
  readonly isolated: readonly IsolatedItem[];
  /** Writes of the committed items. */
  readonly writes: number;
  /** Rows that those writes changed, as the backend counts them. */
  readonly rows: number;
  /** An estimate of the bytes in those writes. */
  readonly bytes: number;
  /** Time from the collection to the outcome, in milliseconds of the clock. */
  readonly durationMs: number;
}

/**
 * Chooses items by the name of their flushable, their key and their urgency. It must not throw and must not
 * change between calls.
 */
export type FlushSelection = (flushable: string, key: string, urgency: Urgency) => boolean;
