import type { ProtocolReads, SegmentSummary } from "../backend/mod.ts";
import type { StoredLog } from "./kind_log.ts";
import type { LogKind } from "./log_entry.ts";

/** Segments of one listing. */
const PAGE_ROWS = 1_000;

/** All stored segments of a kind, the oldest first, without their bytes. */
export async function listSegments(
  store: Pick<ProtocolReads, "listMessageSegments">,
  kind: LogKind,
): Promise<SegmentSummary[]> {
  const all: SegmentSummary[] = [];
  for (let after = 0; ; ) {
    const page = await store.listMessageSegments(kind, after, PAGE_ROWS);
    all.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_ROWS) return all;
    after = last.seq;
  }
}

/** Where the stored segments of a kind end. @param maxBytes Bytes from which a segment is full. */
export async function readStoredLog(
  store: Pick<ProtocolReads, "listMessageSegments">,
  kind: LogKind,
  maxBytes: number,
): Promise<StoredLog> {
  const all = await listSegments(store, kind);
  const last = all.at(-1);
  return {
    nextSeq: (last?.seq ?? 0) + 1,
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    tail: last !== undefined && last.bytes < maxBytes ? { seq: last.seq, bytes: last.bytes } : undefined,
  };
}
