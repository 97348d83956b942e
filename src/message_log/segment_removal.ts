import type { Account } from "../account/mod.ts";
import type { MessageSegment, Write } from "../backend/mod.ts";
import { CorruptError } from "../errors/mod.ts";
import { nowSeconds } from "../ports/mod.ts";
import type { KindLog } from "./kind_log.ts";
import { chatTerm, type LogEntry, type LogKind } from "./log_entry.ts";
import { Segment } from "./segment.ts";
import { listSegments } from "./stored_segments.ts";

/** Stored bytes of one kind; then the oldest segments are removed. */
const DEFAULT_MAX_BYTES: number = 64 * 1_024 * 1_024;

/** Segments that one commit removes or rewrites. */
const SEGMENTS_PER_COMMIT = 16;

/** Chooses, of the entries of a segment that is removed, what lives on as entries of other kinds. */
export type Survivors = (
  entries: readonly LogEntry[],
) => Iterable<{ readonly kind: LogKind; readonly entry: LogEntry }>;

/** Removes stored segments: those that expired, those that are too many, those of a chat. */
export class SegmentRemoval {
  readonly #account: Account;
  readonly #add: (kind: LogKind, entry: LogEntry) => void;
  readonly #maxBytes = new Map<LogKind, number>();
  readonly #survivors = new Map<LogKind, Survivors>();

  /** @param add Adds an entry that lives on. */
  constructor(account: Account, add: (kind: LogKind, entry: LogEntry) => void) {
    this.#account = account;
    this.#add = add;
  }

  setMaxBytes(kind: LogKind, maxBytes: number): void {
    this.#maxBytes.set(kind, maxBytes);
  }

  setSurvivors(kind: LogKind, survivors: Survivors): void {
    this.#survivors.set(kind, survivors);
  }

  /** Stored bytes above the kind's limit. */
  excess({ kind, storedBytes }: KindLog): number {
    return storedBytes - (this.#maxBytes.get(kind) ?? DEFAULT_MAX_BYTES);
  }

  /** Removes what has expired, and the oldest segments while there are too many bytes. */
  async removeStale(log: KindLog): Promise<void> {
    const { store, host, writeBehind } = this.#account;
    const { kind } = log;
    const mayDiffer = log.beforeRead();
    const stored = await listSegments(store, kind);
    log.storedBytes = stored.reduce((sum, { bytes }) => sum + bytes, 0);
    const nowS = nowSeconds(host.clock);
    let excess = this.excess(log);
    const stale = stored.filter(({ seq, expiresAt, bytes }) => {
      if (mayDiffer(seq) || (expiresAt > nowS && excess <= 0)) return false;
      excess -= bytes;
      return true;
    });
    for (let at = 0; at < stale.length; at += SEGMENTS_PER_COMMIT) {
      const batch = stale.slice(at, at + SEGMENTS_PER_COMMIT);
      for (const { seq } of batch) await this.#keepSurvivors(kind, seq);
      if (batch.some(({ seq }) => seq === log.tail?.seq)) log.dropTail();
      const keys = batch.map(({ seq }) => ({ log: kind, seq }));
      await writeBehind.commitWith([{ kind: "messageSegment.delete", keys }]);
      log.storedBytes -= batch.reduce((sum, { bytes }) => sum + bytes, 0);
    }
  }

  /**
   * Removes the entries of a chat from segments that are not in memory. Those in memory must have none that is
   * older than this call.
   */
  async forgetChat(log: KindLog, chat: string): Promise<void> {
    const { store, host, writeBehind } = this.#account;
    const { kind } = log;
    const done = new Set<number>();
    for (;;) {
      const limit = SEGMENTS_PER_COMMIT + done.size;
      const mayDiffer = log.beforeRead();
      const found = await store.findMessageSegments(kind, chatTerm(chat), limit);
      const others = found.filter(({ seq }) => !done.has(seq));
      if (others.length === 0) return;
      for (const { seq } of others) done.add(seq);
      const rows = others.filter(({ seq }) => !mayDiffer(seq));
      if (rows.length === 0) continue;
      const nowMs = host.clock.nowMs();
      const writes = rows.map(({ seq, payload }): Write => {
        const segment = segmentOf({ seq, payload, head: new Uint8Array(0), log: kind, expiresAt: 0 });
        segment?.dropChat(chat, nowMs);
        // Of a damaged one nothing can be kept.
        if (segment === undefined || segment.isEmpty)
          return { kind: "messageSegment.delete", keys: [{ log: kind, seq }] };
        return { kind: "messageSegment.put", segments: [segment.collect(kind, seq)] };
      });
      await writeBehind.commitWith(writes);
    }
  }

  async #keepSurvivors(kind: LogKind, seq: number): Promise<void> {
    const survivors = this.#survivors.get(kind);
    if (survivors === undefined) return;
    const segment = await this.#readSegment(kind, seq);
    if (segment === undefined) return;
    for (const { kind: other, entry } of survivors(segment.entries())) this.#add(other, entry);
  }

  /** `undefined` when it is damaged, which must not block its removal and that of all later ones. */
  async #readSegment(kind: LogKind, seq: number): Promise<Segment | undefined> {
    const { store, host } = this.#account;
    try {
      const row = await store.getMessageSegment(kind, seq);
      return row && Segment.of(row);
    } catch (error) {
      if (!(error instanceof CorruptError)) throw error;
      host.logger.log("warn", "message log: a damaged segment is removed", { kind, seq });
      return undefined;
    }
  }
}

/** The segment of a stored row; `undefined` when it does not decode. */
export function segmentOf(row: MessageSegment): Segment | undefined {
  try {
    return Segment.of(row);
  } catch {
    return undefined;
  }
}
