import type { RefusedError } from "../errors/mod.ts";
import type { IsolatedItem } from "./flush_report.ts";
import type { DirtyItem, Flushable, Urgency } from "./flushable.ts";

/** Maximum pause between two retries of a refused item. */
const MAX_PAUSE_MS = 3_600_000;

/** A collected item and its flushable. */
export interface CollectedItem {
  readonly flushable: Flushable;
  readonly item: DirtyItem;
}

/**
 * Treatment of a collected item by a flush.
 *
 * - `fresh`: never refused.
 * - `changed`: refused in an earlier state; the first suspect of a new refusal.
 * - `due`: refused in this state, and its pause is over; retried alone.
 * - `resting`: refused in this state; left out.
 */
export type Standing = "fresh" | "changed" | "due" | "resting";

interface Refusal {
  readonly flushable: string;
  readonly key: string;
  readonly generation: number;
  readonly urgency: Urgency;
  readonly error: RefusedError;
  readonly tries: number;
  readonly retryAtMs: number;
}

/**
 * Stores which items the backend refused, in which state, so that a flush does not search for the same
 * refused item again. An item is removed when it is committed or no longer collected, so the size is bounded
 * by the dirty items.
 */
export class RefusedItems {
  readonly #firstPauseMs: number;
  /**
   * `undefined` when empty, as usual. Methods check that first: building the id of each of a thousand items
   * would take as long as collecting them.
   */
  #refusals: Map<string, Refusal> | undefined;

  constructor(firstPauseMs: number) {
    this.#firstPauseMs = firstPauseMs;
  }

  /** @param now Clock time in milliseconds, or `Infinity` to make every refused item due. */
  standing(collected: CollectedItem, now: number): Standing {
    const { item } = collected;
    const refusal = this.#find(collected);
    if (refusal === undefined) return "fresh";
    if (refusal.generation !== item.generation) return "changed";
    return refusal.retryAtMs <= now ? "due" : "resting";
  }

  /** The refusal of an item, if it was refused. */
  errorOf(collected: CollectedItem): RefusedError | undefined {
    return this.#find(collected)?.error;
  }

  /** Stores a refusal and returns whether it is the first one of the item in this state. */
  refused({ flushable, item }: CollectedItem, error: RefusedError, nowMs: number): boolean {
    const id = idOf(flushable.name, item.key);
    this.#refusals ??= new Map();
    const before = this.#refusals.get(id);
    const again = before !== undefined && before.generation === item.generation;
    const tries = again ? before.tries + 1 : 1;
    const pauseMs = Math.min(MAX_PAUSE_MS, this.#firstPauseMs * 2 ** (tries - 1));
    const { generation, urgency, key } = item;
    const retryAtMs = nowMs + pauseMs;
    this.#refusals.set(id, { flushable: flushable.name, key, generation, urgency, error, tries, retryAtMs });
    return !again;
  }

  /** Removes a committed item. */
  accepted({ flushable, item }: CollectedItem): void {
    this.#refusals?.delete(idOf(flushable.name, item.key));
  }

  /** Removes every item that is not in `collected`, which must contain all dirty items. */
  keepOnly(collected: readonly CollectedItem[]): void {
    const refusals = this.#refusals;
    if (refusals === undefined) return;
    const dirty = new Set(collected.map(({ flushable, item }) => idOf(flushable.name, item.key)));
    for (const id of [...refusals.keys()]) if (!dirty.has(id)) refusals.delete(id);
    if (refusals.size === 0) this.#refusals = undefined;
  }

  /** Number of refused items that are `may`, or that are `must` or `now`. */
  count(urgency: Urgency): number {
    let count = 0;
    for (const refusal of this.#refusals?.values() ?? [])
      if ((refusal.urgency === "may") === (urgency === "may")) count += 1;
    return count;
  }

  /** Time of the next retry of a refused item. */
  nextRetryAtMs(): number | undefined {
    let next: number | undefined;
    for (const { retryAtMs } of this.#refusals?.values() ?? []) {
      if (next === undefined || retryAtMs < next) next = retryAtMs;
    }
    return next;
  }

  list(): IsolatedItem[] {
    return [...(this.#refusals?.values() ?? [])].map(({ flushable, key, generation, error }) => ({
      flushable,
      key,
      generation,
      reason: "refused" as const,
      error,
    }));
  }

  #find({ flushable, item }: CollectedItem): Refusal | undefined {
    return this.#refusals?.get(idOf(flushable.name, item.key));
  }
}

/** Names of flushables contain no NUL, so the id is unambiguous. */
function idOf(flushable: string, key: string): string {
  return `${flushable}\0${key}`;
}
