import type { RefusedError } from "../errors/mod.ts";
import type { IsolatedItem } from "./flush_report.ts";
import type { DirtyItem, Flushable, Urgency } from "./flushable.ts";

/** Longest pause between two tries of an item that the backend keeps refusing. */
const MAX_PAUSE_MS = 3_600_000;

/** An item and where it came from. */
export interface CollectedItem {
  readonly flushable: Flushable;
  readonly item: DirtyItem;
}

/**
 * How a flush treats a collected item.
 *
 * - `fresh`: never refused.
 * - `changed`: an earlier state of it was refused; the first to suspect.
 * - `due`: refused as it is, and its pause is over: tried alone.
 * - `resting`: refused as it is: left out.
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
 * Remembers which items the backend refused, in which state, so that one bad row does not cost every flush
 * the search for it. It holds no more than is dirty: an item leaves when it is committed or no longer
 * collected.
 */
export class RefusedItems {
  readonly #firstPauseMs: number;
  /** Mostly empty: naming each of a thousand items would cost a flush as much as collecting them. */
  readonly #refusals = new Map<string, Refusal>();

  constructor(firstPauseMs: number) {
    this.#firstPauseMs = firstPauseMs;
  }

  /** @param now Clock time in milliseconds, or `Infinity` to give everything a last chance. */
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

  /** Notes a refusal and returns whether it is news: the item was not known to be refused in this state. */
  refused({ flushable, item }: CollectedItem, error: RefusedError, nowMs: number): boolean {
    const id = idOf(flushable.name, item.key);
    const before = this.#refusals.get(id);
    const again = before !== undefined && before.generation === item.generation;
    const tries = again ? before.tries + 1 : 1;
    const pauseMs = Math.min(MAX_PAUSE_MS, this.#firstPauseMs * 2 ** (tries - 1));
    const { generation, urgency, key } = item;
    const retryAtMs = nowMs + pauseMs;
    this.#refusals.set(id, { flushable: flushable.name, key, generation, urgency, error, tries, retryAtMs });
    return !again;
  }

  /** Forgets an item that was committed. */
  accepted({ flushable, item }: CollectedItem): void {
    if (this.#refusals.size > 0) this.#refusals.delete(idOf(flushable.name, item.key));
  }

  /** Forgets every item that is not among `collected`: all that is dirty. */
  keepOnly(collected: readonly CollectedItem[]): void {
    if (this.#refusals.size === 0) return;
    const dirty = new Set(collected.map(({ flushable, item }) => idOf(flushable.name, item.key)));
    for (const id of [...this.#refusals.keys()]) if (!dirty.has(id)) this.#refusals.delete(id);
  }

  /** How many refused items there are of one urgency. */
  count(urgency: Urgency): number {
    let count = 0;
    for (const refusal of this.#refusals.values())
      if ((refusal.urgency === "may") === (urgency === "may")) count += 1;
    return count;
  }

  /** When the next refused item is due to be tried again. */
  nextRetryAtMs(): number | undefined {
    let next: number | undefined;
    for (const { retryAtMs } of this.#refusals.values()) {
      if (next === undefined || retryAtMs < next) next = retryAtMs;
    }
    return next;
  }

  list(): IsolatedItem[] {
    return [...this.#refusals.values()].map(({ flushable, key, generation, error }) => ({
      flushable,
      key,
      generation,
      reason: "refused" as const,
      error,
    }));
  }

  #find({ flushable, item }: CollectedItem): Refusal | undefined {
    return this.#refusals.size === 0 ? undefined : this.#refusals.get(idOf(flushable.name, item.key));
  }
}

/** Names of flushables hold no NUL, so the pair is unambiguous. */
function idOf(flushable: string, key: string): string {
  return `${flushable}\0${key}`;
}
