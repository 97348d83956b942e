import type { MessageSegment, ProtocolReads } from "../../backend/mod.ts";
import { bytesOf, integerOf, type Row } from "./cell.ts";
import { expiryPlanner } from "./expiry.ts";
import { type ReadScope, SCOPE } from "./read_scope.ts";
import { splitKeys, upsert } from "./row_statement.ts";
import type { PlannersOf } from "./write_plan.ts";

const TABLE = "message_segment";

const PUT_SEGMENT = upsert(TABLE, "log, seq", "expires_at, head, payload");

/** How writes about message segments become statements. */
export const SEGMENT_PLANNERS: PlannersOf<
  "messageSegment.put" | "messageSegment.delete" | "messageSegment.expire"
> = {
  "messageSegment.put": {
    statement: PUT_SEGMENT,
    rows: ({ segments }) =>
      segments.map(({ log, seq, expiresAt, head, payload }) => [log, seq, expiresAt, head, payload]),
  },
  "messageSegment.delete": {
    statements: ({ keys }, { accountId, limits }) =>
      splitKeys(
        keys.map(({ log, seq }) => [log, seq]),
        { fixed: [accountId], limits },
        (list) => `DELETE FROM ${TABLE} WHERE device_id = ? AND (log, seq) IN ${list}`,
      ),
  },
  "messageSegment.expire": expiryPlanner(TABLE, "log, seq", "expires_at <= ?"),
};

/** The reads of message segments. */
export type SegmentReads = Pick<
  ProtocolReads,
  "getMessageSegment" | "findMessageSegments" | "listMessageSegments"
>;

/** Reads of message segments. */
export function segmentReads(scope: ReadScope): SegmentReads {
  return {
    async getMessageSegment(log, seq) {
      const row = await scope.first(
        `SELECT expires_at, head, payload FROM ${TABLE} WHERE device_id = ${SCOPE} AND log = ? AND seq = ?`,
        [log, seq],
      );
      return row && toSegment(log, seq, row);
    },
    async findMessageSegments(log, needle, limit) {
      // Heads and needle are both blobs, so `instr` compares bytes.
      const rows = await scope.query(
        `SELECT seq, expires_at, payload FROM ${TABLE} ` +
          `WHERE device_id = ${SCOPE} AND log = ? AND instr(head, ?) > 0 ORDER BY seq DESC LIMIT ?`,
        [log, needle, limit],
      );
      return rows.map(([seq, expiresAt, payload]) => ({
        seq: integerOf(seq, "message segment"),
        expiresAt: integerOf(expiresAt, "message segment"),
        payload: bytesOf(payload, "message segment"),
      }));
    },
    async listMessageSegments(log, after, limit) {
      const rows = await scope.query(
        `SELECT seq, expires_at, length(head) + length(payload) FROM ${TABLE} ` +
          `WHERE device_id = ${SCOPE} AND log = ? AND seq > ? ORDER BY seq LIMIT ?`,
        [log, after, limit],
      );
      return rows.map(([seq, expiresAt, bytes]) => ({
        seq: integerOf(seq, "message segment"),
        expiresAt: integerOf(expiresAt, "message segment"),
        bytes: integerOf(bytes, "message segment"),
      }));
    },
  };
}

function toSegment(log: string, seq: number, [expiresAt, head, payload]: Row): MessageSegment {
  return {
    log,
    seq,
    expiresAt: integerOf(expiresAt, "message segment"),
    head: bytesOf(head, "message segment"),
    payload: bytesOf(payload, "message segment"),
  };
}
