import type { FlushPoint, Happening } from "./model.ts";

/** Points and happenings of one account that are kept. */
export const MAX_KEPT = 500;

/** Estimated bytes of all histories together. Beyond it the account that was quiet the longest loses its own. */
const MAX_BYTES: number = 16 * 1_024 * 1_024;

/** How long the history of an account is kept after its last change, in milliseconds. */
const KEPT_MS = 3_600_000;

/** Estimated heap of a point, and of a happening without its text. */
const POINT_BYTES = 64;
const HAPPENING_BYTES = 96;

/** Longest text of a happening, in characters. */
const MAX_TEXT = 300;

/** What happened to one account, the newest last. */
export interface AccountHistory {
  readonly flushes: readonly FlushPoint[];
  readonly timeline: readonly Happening[];
}

interface Entry {
  readonly flushes: FlushPoint[];
  readonly timeline: Happening[];
  bytes: number;
  changedAtMs: number;
}

const NOTHING: AccountHistory = { flushes: [], timeline: [] };

/** What happened to accounts, in memory alone: bounded for each account and in all. */
export class Histories {
  readonly #maxBytes: number;
  /** In the order of the last change, the longest ago first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(maxBytes: number = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Estimated bytes of all histories. */
  get bytes(): number {
    return this.#bytes;
  }

  addFlush(account: string, point: FlushPoint): void {
    const entry = this.#touch(account, point.atMs);
    entry.flushes.push(point);
    this.#grow(entry, POINT_BYTES);
    if (entry.flushes.length > MAX_KEPT) {
      entry.flushes.shift();
      this.#grow(entry, -POINT_BYTES);
    }
    this.#shrink(point.atMs);
  }

  addHappening(account: string, { text, ...happening }: Happening): Happening {
    const entry = this.#touch(account, happening.atMs);
    const kept = { ...happening, text: text.slice(0, MAX_TEXT) };
    entry.timeline.push(kept);
    this.#grow(entry, bytesOf(kept));
    if (entry.timeline.length > MAX_KEPT) {
      const oldest = entry.timeline.shift();
      if (oldest !== undefined) this.#grow(entry, -bytesOf(oldest));
    }
    this.#shrink(happening.atMs);
    return kept;
  }

  of(account: string): AccountHistory {
    const { flushes, timeline } = this.#entries.get(account) ?? NOTHING;
    return { flushes: [...flushes], timeline: [...timeline] };
  }

  delete(account: string): void {
    this.#bytes -= this.#entries.get(account)?.bytes ?? 0;
    this.#entries.delete(account);
  }

  #touch(account: string, nowMs: number): Entry {
    const entry = this.#entries.get(account) ?? { flushes: [], timeline: [], bytes: 0, changedAtMs: nowMs };
    this.#entries.delete(account);
    this.#entries.set(account, entry);
    entry.changedAtMs = nowMs;
    return entry;
  }

  #grow(entry: Entry, bytes: number): void {
    entry.bytes += bytes;
    this.#bytes += bytes;
  }

  /** Drops what is old, and what is too much. The account that changed last keeps its own. */
  #shrink(nowMs: number): void {
    for (const [account, { changedAtMs }] of this.#entries) {
      const isKept = this.#bytes <= this.#maxBytes && nowMs - changedAtMs <= KEPT_MS;
      if (isKept || this.#entries.size === 1) return;
      this.delete(account);
    }
  }
}

function bytesOf({ text }: Happening): number {
  return HAPPENING_BYTES + 2 * text.length;
}
