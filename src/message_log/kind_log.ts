import type { MessageSegment } from "../backend/mod.ts";
import { LimitError } from "../errors/mod.ts";
import type { DirtyItem, Outcome, Pending, Urgency } from "../write_behind/mod.ts";
import type { LogEntry, LogKind } from "./log_entry.ts";
import { Segment } from "./segment.ts";

/** Encoded bytes from which a segment takes no further entry. */
export const SEGMENT_BYTES: number = 64 * 1_024;

/** Age from which a segment takes no further entry, so that its first one is not kept much longer, in seconds. */
const SEGMENT_AGE_S = 3_600;

/** Encoded bytes of a kind in memory, which grow while nothing can be saved; then entries are refused. */
const MAX_RESIDENT_BYTES: number = 16 * 1_024 * 1_024;

/** The last stored segment, where it still takes entries. */
export interface Tail {
  readonly seq: number;
  /** Stored bytes. */
  readonly bytes: number;
}

/** Where a kind's stored segments end. */
export interface StoredLog {
  readonly nextSeq: number;
  /** Stored bytes of all segments. */
  readonly bytes: number;
  readonly tail: Tail | undefined;
}

/** What a collected item wrote. */
interface Collected {
  readonly segment: Segment;
  readonly bytes: number;
}

/**
 * The segments of one kind that are in memory: those that are not durable, and the last one while entries
 * keep coming. The row of the last one is written again until it is full.
 */
export class KindLog {
  readonly kind: LogKind;
  #segments: Segment[] = [];
  /** Whether the last segment takes further entries. */
  #isOpen = false;
  #nextSeq = 1;
  #tail: Tail | undefined;
  /** Whether a pause began: nothing stays in memory once it is durable. */
  #isResting = false;
  #collected = new Map<string, Collected>();
  #addedAtMs = 0;
  /** Stored bytes of all segments. */
  storedBytes = 0;

  constructor(kind: LogKind, stored: StoredLog) {
    this.kind = kind;
    this.#nextSeq = stored.nextSeq;
    this.#tail = stored.tail;
    this.storedBytes = stored.bytes;
  }

  /** The stored segment that the next entry could continue, and that is not in memory. */
  get tail(): Tail | undefined {
    return this.#tail;
  }

  /**
   * Called before stored segments are read. Returns whether the segment of a number may differ from what was
   * read: it is in memory, it was in memory when the read began, or it was begun after that.
   */
  beforeRead(): (seq: number) => boolean {
    const nextSeq = this.#nextSeq;
    const before = new Set(this.#segments.map(({ seq }) => seq));
    return (seq) => {
      const isNew = seq >= nextSeq && seq < this.#nextSeq;
      return isNew || before.has(seq) || this.#segments.some((segment) => segment.seq === seq);
    };
  }

  /**
   * Adds an entry. Returns whether it began a segment although a stored one could be continued.
   *
   * @throws {LimitError} When too many bytes are in memory because nothing can be saved.
   */
  add(entry: LogEntry, now: { readonly ms: number; readonly s: number }): boolean {
    const bytes = this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
    if (bytes > MAX_RESIDENT_BYTES) {
      throw new LimitError(`add to log: more than ${MAX_RESIDENT_BYTES} bytes could not be saved yet`);
    }
    this.#isResting = false;
    this.#addedAtMs = now.ms;
    const open = this.#openSegment(now.s);
    if (open !== undefined) {
      open.add(entry, now.ms);
      return false;
    }
    const segment = new Segment(now.s);
    segment.add(entry, now.ms);
    this.#segments.push(segment);
    this.#isOpen = true;
    return this.#tail !== undefined;
  }

  /**
   * Continues the tail with the open segment, unless the tail takes no more, the segment has a number already,
   * or others were begun between them: numbers are in the order of the entries.
   */
  continueTail(stored: Segment | undefined, nowS: number): void {
    const begun = this.#segments.filter(({ seq }) => seq === undefined);
    const isFit = stored !== undefined && takesMore(stored, nowS) && stored.seq === this.#tail?.seq;
    const isNext = this.#isOpen && begun.length === 1 && stored?.seq === this.#nextSeq - 1;
    if (isFit && isNext) begun[0]?.continueFrom(stored);
    this.#tail = undefined;
  }

  /** The tail is gone or shall not be continued. */
  dropTail(): void {
    this.#tail = undefined;
  }

  /** The segments in memory, the newest first. */
  resident(): readonly Segment[] {
    return this.#segments.toReversed();
  }

  /** Removes the entries of a chat from memory. */
  dropChat(chat: string, nowMs: number): void {
    for (const segment of this.#segments) segment.dropChat(chat, nowMs);
  }

  /** Drops everything without saving it: what is stored is being deleted. */
  clear(): void {
    this.#segments = [];
    this.#isOpen = false;
    this.#tail = undefined;
    this.#collected.clear();
    this.storedBytes = 0;
  }

  /** Time of the oldest change that is not durable. */
  get dirtySinceMs(): number | undefined {
    const times = this.#segments.flatMap(({ dirtySinceMs }) => dirtySinceMs ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Time of the last entry while something durable is kept in memory for the next one. */
  get keptSinceMs(): number | undefined {
    return this.#isOpen && this.dirtySinceMs === undefined ? this.#addedAtMs : undefined;
  }

  pending(): Pending {
    const dirty = this.#segments.filter(({ dirtySinceMs }) => dirtySinceMs !== undefined);
    const bytes = dirty.reduce((sum, segment) => sum + segment.bytes, 0);
    return { must: 0, may: dirty.length, bytes, oldestAtMs: this.dirtySinceMs };
  }

  collect(only: ((key: string, urgency: Urgency) => boolean) | undefined): DirtyItem[] {
    const items: DirtyItem[] = [];
    for (const segment of this.#segments) {
      if (segment.dirtySinceMs === undefined) continue;
      const seq = segment.seq ?? this.#nextSeq;
      const key = `${this.kind}/${seq}`;
      if (only !== undefined && !only(key, "may")) continue;
      this.#nextSeq = Math.max(this.#nextSeq, seq + 1);
      const row = segment.collect(this.kind, seq);
      const { generation } = segment;
      const bytes = segment.isEmpty ? 0 : sizeOf(row);
      this.#collected.set(key, { segment, bytes });
      items.push({
        key,
        generation,
        urgency: "may",
        writes: segment.isEmpty
          ? [{ kind: "messageSegment.delete", keys: [{ log: this.kind, seq }] }]
          : [{ kind: "messageSegment.put", segments: [row] }],
      });
    }
    return items;
  }

  applyOutcome({ committed }: Outcome): void {
    for (const { key, generation } of committed) {
      const collected = this.#collected.get(key);
      if (collected === undefined) continue;
      const { segment, bytes } = collected;
      this.storedBytes += bytes - segment.durableBytes;
      segment.committed(generation, bytes);
    }
    this.#collected.clear();
    if (this.#isResting) this.rest();
    else this.#dropDurable(this.#isOpen ? this.#segments.at(-1) : undefined);
  }

  /** Drops what is durable from memory, and the rest once it is. */
  rest(): void {
    this.#isResting = true;
    const last = this.#isOpen ? this.#segments.at(-1) : undefined;
    if (last !== undefined && last.dirtySinceMs === undefined) {
      this.#isOpen = false;
      const isFull = last.bytes >= SEGMENT_BYTES || last.seq === undefined || last.isEmpty;
      this.#tail = isFull ? undefined : { seq: last.seq ?? 0, bytes: last.durableBytes };
    }
    this.#dropDurable(undefined);
  }

  #dropDurable(except: Segment | undefined): void {
    this.#segments = this.#segments.filter((one) => one === except || one.dirtySinceMs !== undefined);
  }

  /** The last segment, where it takes a further entry. */
  #openSegment(nowS: number): Segment | undefined {
    const last = this.#segments.at(-1);
    if (!this.#isOpen || last === undefined) return undefined;
    if (takesMore(last, nowS)) return last;
    this.#isOpen = false;
    if (last.dirtySinceMs === undefined) this.#dropDurable(undefined);
    return undefined;
  }
}

function takesMore(segment: Segment, nowS: number): boolean {
  return segment.bytes < SEGMENT_BYTES && nowS - segment.startedAt < SEGMENT_AGE_S;
}

function sizeOf({ head, payload }: MessageSegment): number {
  return head.length + payload.length;
}
