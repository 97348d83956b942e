/**
 * Why an entry is still dirty after a flush that resolved.
 *
 * - `refused`: the backend will not accept this entry. It is kept, and tried again alone and ever more rarely until it
 *   changes or is accepted.
 * - `unresolved`: the flush did not get to it: the backend failed half way through an isolation, or the entry is one of
 *   a refused group and the commits that one flush may spend on looking for the culprit were used up. It is part of
 *   the next flush.
 */
export type IsolationReason = "refused" | "unresolved";

/** An entry that a flush did not make durable while it made others durable. It is still dirty. */
export interface IsolatedEntry {
  /** Name of the source. */
  readonly source: string;
  /** Key of the entry within its source. */
  readonly key: string;
  readonly generation: number;
  readonly reason: IsolationReason;
  /** What the backend said. A `RefusedError` when the reason is `refused`. */
  readonly error: Error;
}

/**
 * What a flush did for the caller that asked for it. Everything that was dirty when the flush was asked for, and that
 * the caller selected, is durable, save what `isolated` names.
 */
export interface FlushReport {
  /** Entries that are durable now. */
  readonly committed: number;
  /** Entries that are still dirty. */
  readonly isolated: readonly IsolatedEntry[];
  /** Writes of the committed entries. */
  readonly writes: number;
  /** Rows that those writes changed, as the backend counts them. */
  readonly rows: number;
  /** An estimate of the bytes in those writes. */
  readonly bytes: number;
  /** Time from the collection to the outcome, in milliseconds of the clock. */
  readonly durationMs: number;
}

/** Chooses entries by the name of their source and their key. It must not throw and must not change between calls. */
export type FlushSelection = (source: string, key: string) => boolean;
