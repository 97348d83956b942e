import type { RefusedError } from "../errors/mod.ts";
import type { DirtyEntry, DirtySource, Urgency } from "./dirty_source.ts";
import type { IsolatedEntry } from "./flush_report.ts";

/** Longest pause between two tries of an entry that the backend keeps refusing. */
const MAX_PAUSE_MS = 3_600_000;

/** An entry and where it came from. */
export interface CollectedEntry {
  readonly source: DirtySource;
  readonly entry: DirtyEntry;
}

/**
 * How a flush treats a collected entry.
 *
 * - `fresh`: never refused.
 * - `changed`: an earlier state of it was refused; the first to suspect.
 * - `due`: refused as it is, and its pause is over: tried alone.
 * - `resting`: refused as it is: left out.
 */
export type Standing = "fresh" | "changed" | "due" | "resting";

interface Refusal {
  readonly source: string;
  readonly key: string;
  readonly generation: number;
  readonly urgency: Urgency;
  readonly error: RefusedError;
  readonly tries: number;
  readonly retryAtMs: number;
}

/**
 * Remembers which entries the backend refused, in which state, so that one bad row does not cost every flush the search
 * for it. It holds no more than is dirty: an entry leaves when it is committed or no longer collected.
 */
export class RefusedEntries {
  readonly #firstPauseMs: number;
  /** Mostly empty: naming each of a thousand entries would cost a flush as much as collecting them. */
  readonly #refusals = new Map<string, Refusal>();

  constructor(firstPauseMs: number) {
    this.#firstPauseMs = firstPauseMs;
  }

  /** @param now Clock time in milliseconds, or `Infinity` to give everything a last chance. */
  standing(collected: CollectedEntry, now: number): Standing {
    const { entry } = collected;
    const refusal = this.#find(collected);
    if (refusal === undefined) return "fresh";
    if (refusal.generation !== entry.generation) return "changed";
    return refusal.retryAtMs <= now ? "due" : "resting";
  }

  /** The refusal of an entry, if it was refused. */
  errorOf(collected: CollectedEntry): RefusedError | undefined {
    return this.#find(collected)?.error;
  }

  /** Notes a refusal and returns whether it is news: the entry was not known to be refused in this state. */
  refused({ source, entry }: CollectedEntry, error: RefusedError, nowMs: number): boolean {
    const id = idOf(source.name, entry.key);
    const before = this.#refusals.get(id);
    const again = before !== undefined && before.generation === entry.generation;
    const tries = again ? before.tries + 1 : 1;
    const pauseMs = Math.min(MAX_PAUSE_MS, this.#firstPauseMs * 2 ** (tries - 1));
    const { generation, urgency, key } = entry;
    const retryAtMs = nowMs + pauseMs;
    this.#refusals.set(id, { source: source.name, key, generation, urgency, error, tries, retryAtMs });
    return !again;
  }

  /** Forgets an entry that was committed. */
  accepted({ source, entry }: CollectedEntry): void {
    if (this.#refusals.size > 0) this.#refusals.delete(idOf(source.name, entry.key));
  }

  /** Forgets every entry that is not among `collected`: all that is dirty. */
  keepOnly(collected: readonly CollectedEntry[]): void {
    if (this.#refusals.size === 0) return;
    const dirty = new Set(collected.map(({ source, entry }) => idOf(source.name, entry.key)));
    for (const id of [...this.#refusals.keys()]) if (!dirty.has(id)) this.#refusals.delete(id);
  }

  /** How many refused entries there are of one urgency. */
  count(urgency: Urgency): number {
    let count = 0;
    for (const refusal of this.#refusals.values()) if (refusal.urgency === urgency) count += 1;
    return count;
  }

  /** When the next refused entry is due to be tried again. */
  nextRetryAtMs(): number | undefined {
    let next: number | undefined;
    for (const { retryAtMs } of this.#refusals.values()) {
      if (next === undefined || retryAtMs < next) next = retryAtMs;
    }
    return next;
  }

  list(): IsolatedEntry[] {
    return [...this.#refusals.values()].map(({ source, key, generation, error }) => ({
      source,
      key,
      generation,
      reason: "refused" as const,
      error,
    }));
  }

  #find({ source, entry }: CollectedEntry): Refusal | undefined {
    return this.#refusals.size === 0 ? undefined : this.#refusals.get(idOf(source.name, entry.key));
  }
}

/** Source names hold no NUL, so the pair is unambiguous. */
function idOf(source: string, key: string): string {
  return `${source}\0${key}`;
}
