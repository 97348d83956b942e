import type { MessageSegment } from "../backend/mod.ts";
import { joinBytes } from "../bytes/mod.ts";
import { decodeSegment, encodeSegmentEntry, encodeSegmentStart } from "../records/mod.ts";
import { chatTerm, idTerm, type LogEntry } from "./log_entry.ts";

/** An entry in memory, encoded once. */
interface Kept {
  readonly id: string;
  readonly chat: string;
  readonly expiresAt: number;
  readonly bytes: Uint8Array;
}

/** A segment in memory: its entries, and what of them is durable. */
export class Segment {
  /** Its number; `undefined` until it is first collected. */
  seq: number | undefined;
  /** Unix seconds of its first entry. */
  startedAt: number;
  /** Grows with every change. */
  generation = 0;
  /** Bytes of its stored row, as far as it is durable. */
  durableBytes = 0;
  /** Time of the oldest change that is not durable, in milliseconds. */
  dirtySinceMs: number | undefined;
  /** The same for changes after it was collected. */
  #laterSinceMs: number | undefined;
  #kept: Kept[] = [];
  #bytes = 0;

  /** @param startedAt Unix seconds. */
  constructor(startedAt: number) {
    this.startedAt = startedAt;
  }

  /** A segment of a stored row. @throws {CorruptError} When its payload does not decode. */
  static of({ seq, head, payload }: MessageSegment): Segment {
    const { startedAt, entries } = decodeSegment(payload);
    const segment = new Segment(startedAt);
    segment.seq = seq;
    segment.durableBytes = head.length + payload.length;
    for (const entry of entries) segment.#keep(entry);
    return segment;
  }

  /** Encoded bytes of the entries. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#kept.length === 0;
  }

  add(entry: LogEntry, nowMs: number): void {
    this.#keep(entry);
    this.#changed(nowMs);
  }

  /** Continues a stored segment: takes its number, and its entries come first. */
  continueFrom(stored: Segment): void {
    this.seq = stored.seq;
    this.startedAt = stored.startedAt;
    this.durableBytes = stored.durableBytes;
    this.#kept = [...stored.#kept, ...this.#kept];
    this.#bytes += stored.#bytes;
  }

  /** Drops the entries of a chat. Returns whether there were any. */
  dropChat(chat: string, nowMs: number): boolean {
    const kept = this.#kept.filter((entry) => entry.chat !== chat);
    if (kept.length === this.#kept.length) return false;
    this.#kept = kept;
    this.#bytes = kept.reduce((bytes, entry) => bytes + entry.bytes.length, 0);
    this.#changed(nowMs);
    return true;
  }

  /** The entries with this id, newest first. */
  find(id: string): LogEntry[] {
    return this.#kept
      .filter((entry) => entry.id === id)
      .reverse()
      .flatMap(({ bytes }) => decodeSegment(joinBytes([encodeSegmentStart(0), bytes])).entries);
  }

  /** All entries, oldest first. */
  entries(): readonly LogEntry[] {
    return decodeSegment(joinBytes([encodeSegmentStart(0), ...this.#kept.map(({ bytes }) => bytes)])).entries;
  }

  /** The row to store, and from now on what later changes are compared with. */
  collect(log: string, seq: number): MessageSegment {
    this.seq = seq;
    this.#laterSinceMs = undefined;
    const chats = new Set(this.#kept.map(({ chat }) => chat));
    const terms = [...this.#kept.map(({ id }) => idTerm(id)), ...[...chats].map(chatTerm)];
    return {
      log,
      seq,
      expiresAt: this.#kept.reduce((latest, { expiresAt }) => Math.max(latest, expiresAt), 0),
      head: joinBytes(terms),
      payload: joinBytes([encodeSegmentStart(this.startedAt), ...this.#kept.map(({ bytes }) => bytes)]),
    };
  }

  /** Called when the row of a generation is durable. */
  committed(generation: number, bytes: number): void {
    this.durableBytes = bytes;
    this.dirtySinceMs = generation === this.generation ? undefined : this.#laterSinceMs;
  }

  #keep(entry: LogEntry): void {
    const { id, chat, expiresAt } = entry;
    const bytes = encodeSegmentEntry(entry);
    this.#kept.push({ id, chat, expiresAt, bytes });
    this.#bytes += bytes.length;
  }

  #changed(nowMs: number): void {
    this.generation += 1;
    this.dirtySinceMs ??= nowMs;
    this.#laterSinceMs ??= nowMs;
  }
}
