import type { MessageSegment, ProtocolReads, SegmentSummary, WriteKind } from "../../backend/mod.ts";
import { includesBytes } from "../../bytes/mod.ts";
import type { AccountTables } from "./account_tables.ts";
import type { AppliersOf } from "./applier.ts";
import { copyBytes } from "./copies.ts";
import { compoundKey } from "./table.ts";

/** How the writes about message segments change their table. */
export const SEGMENT_APPLIERS: AppliersOf<Extract<WriteKind, `messageSegment.${string}`>> = {
  "messageSegment.put": ({ segments }, { tables, transaction }) => {
    let changed = 0;
    for (const segment of segments) {
      changed += tables.messageSegments.set(
        segmentKey(segment.log, segment.seq),
        copyOf(segment),
        transaction,
      );
    }
    return changed;
  },
  "messageSegment.delete": ({ keys }, { tables, transaction }) => {
    let changed = 0;
    for (const { log, seq } of keys)
      changed += tables.messageSegments.delete(segmentKey(log, seq), transaction);
    return changed;
  },
  "messageSegment.expire": ({ cutoff, limit }, { tables, transaction }) =>
    tables.messageSegments.deleteWhere((row) => row.expiresAt <= cutoff, transaction, limit),
};

/** The reads of the protocol store about message segments. */
export type SegmentReads = Pick<
  ProtocolReads,
  "getMessageSegment" | "findMessageSegments" | "listMessageSegments"
>;

/** Reads of message segments. */
export function segmentReads(tables: () => AccountTables): SegmentReads {
  return {
    async getMessageSegment(log: string, seq: number): Promise<MessageSegment | undefined> {
      const row = tables().messageSegments.get(segmentKey(log, seq));
      return row && copyOf(row);
    },
    async findMessageSegments(
      log: string,
      needle: Uint8Array,
      limit: number,
    ): ReturnType<ProtocolReads["findMessageSegments"]> {
      return tables()
        .messageSegments.rowsOf(log)
        .filter((row) => includesBytes(row.head, needle))
        .sort((a, b) => b.seq - a.seq)
        .slice(0, limit)
        .map(({ seq, expiresAt, payload }) => ({ seq, expiresAt, payload: copyBytes(payload) }));
    },
    async listMessageSegments(log: string, after: number, limit: number): Promise<SegmentSummary[]> {
      return tables()
        .messageSegments.rowsOf(log)
        .filter((row) => row.seq > after)
        .sort((a, b) => a.seq - b.seq)
        .slice(0, limit)
        .map(({ seq, expiresAt, head, payload }) => {
          return { seq, expiresAt, bytes: head.byteLength + payload.byteLength };
        });
    },
  };
}

/** The key of a segment. */
export function segmentKey(log: string, seq: number): string {
  return compoundKey(log, String(seq));
}

function copyOf({ log, seq, expiresAt, head, payload }: MessageSegment): MessageSegment {
  return { log, seq, expiresAt, head: copyBytes(head), payload: copyBytes(payload) };
}
