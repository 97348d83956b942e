import type { Write } from "../backend/mod.ts";

/**
 * How urgent a change is. `must` is flushed within the saver's interval. `may` rides along with any commit and causes
 * one of its own only at maximum age, when idle, and at close.
 */
export type Urgency = "must" | "may";

/** One dirty thing, as the writes that make it durable. They land together or not at all. */
export interface DirtyEntry {
  /** Names the thing within its source, stable over time. Appears in reports: it must not hold secrets. */
  readonly key: string;
  /** Grows with every change of the thing. What changed after it was collected has a greater one and stays dirty. */
  readonly generation: number;
  readonly urgency: Urgency;
  readonly writes: readonly Write[];
}

/** Names an entry that was collected. */
export interface CollectedVersion {
  readonly key: string;
  readonly generation: number;
}

/** What became of the entries of one `collect`. Every collected entry is in exactly one of the lists. */
export interface Outcome {
  /** Durable. What still has this generation is clean now. */
  readonly committed: readonly CollectedVersion[];
  /** Refused by the backend while the rest was committed; still dirty. */
  readonly isolated: readonly (CollectedVersion & { readonly error: Error })[];
  /** Not committed; still dirty. */
  readonly failed: readonly CollectedVersion[];
}

/** How much a source has to write. */
export interface Pending {
  readonly must: number;
  readonly may: number;
  /** An estimate of the bytes that a flush would write. */
  readonly bytes: number;
  /** Clock time of the oldest change that is not durable, `undefined` when clean. */
  readonly oldestAtMs: number | undefined;
}

/**
 * Something whose state is written behind. The engine calls `collect` and `applyOutcome` alternately, never two collects
 * without an `applyOutcome` between them. Neither may block readers or writers of the source.
 */
export interface DirtySource {
  /** Unique among the sources of an engine, in reports. */
  readonly name: string;
  pending(): Pending;
  /** All dirty entries, or only those whose key `only` accepts. Bytes handed over are not changed afterwards. */
  collect(only?: (key: string) => boolean): readonly DirtyEntry[];
  applyOutcome(outcome: Outcome): void;
  /**
   * Called in a pause of the changes and before the last flush. What the source keeps vague as long as changes go on, it may
   * make exact now; what becomes dirty by that is written at once. `notify("may")` makes sure that a pause is noticed
   * though nothing is dirty.
   */
  release?(): void;
}
