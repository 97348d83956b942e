import { requireObject } from "../errors/mod.ts";
import { decodeMessage, encodeMessage } from "../protobuf/mod.ts";
import { requireTime } from "./_arguments.ts";
import { StoredMessage } from "./_stored_message.ts";
import { MessageSegmentEntriesSchema } from "./gen/message_segment.ts";

/** One message of a segment. */
export interface SegmentEntry {
  readonly chat: string;
  /** Empty where the sender is not known. */
  readonly sender: string;
  readonly id: string;
  readonly payload: Uint8Array;
  /** Unix seconds. */
  readonly expiresAt: number;
}

/** The messages of a segment, oldest first. */
export interface SegmentEntries {
  /** Unix seconds of the first one. */
  readonly startedAt: number;
  readonly entries: readonly SegmentEntry[];
}

/**
 * Encodes the beginning of a segment. The encodings of its entries follow it, so that a segment that grows
 * encodes each entry once.
 *
 * @param startedAt Unix seconds. @throws {RangeError} When it is out of range.
 */
export function encodeSegmentStart(startedAt: number): Uint8Array {
  const action = "encode message segment";
  const time = requireTime(action, "startedAt", startedAt);
  return encodeMessage(MessageSegmentEntriesSchema, { startedAt: time, entries: [] }, action);
}

/** Encodes one entry as a part of a segment. @throws {TypeError | RangeError} */
export function encodeSegmentEntry(entry: SegmentEntry): Uint8Array {
  const action = "encode message segment";
  requireObject(`${action}: entry`, entry);
  const { chat, sender, id, payload } = entry;
  const expiresAt = requireTime(action, "expiresAt", entry.expiresAt);
  return encodeMessage(
    MessageSegmentEntriesSchema,
    { entries: [{ chat, sender, id, payload, expiresAt }] },
    action,
  );
}

/** Decodes a segment. @throws {CorruptError} When the bytes do not decode or a part is missing. */
export function decodeSegment(bytes: Uint8Array): SegmentEntries {
  const action = "decode message segment";
  const message = decodeMessage(MessageSegmentEntriesSchema, bytes, action);
  return {
    startedAt: new StoredMessage(message, action).integer("startedAt"),
    entries: message.entries.map((entry) => {
      const stored = new StoredMessage(entry, action);
      return {
        chat: stored.require("chat"),
        sender: stored.require("sender"),
        id: stored.require("id"),
        payload: stored.bytes("payload"),
        expiresAt: stored.integer("expiresAt"),
      };
    }),
  };
}
