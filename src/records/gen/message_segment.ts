// Generated from proto/holdfast/v1/message_segment.proto by `npm run generate`. Do not edit.

import type { Message, MessageSchema } from "../../protobuf/mod.ts";

/** One entry of a log. */
export interface MessageSegmentEntry extends Message {
  chat?: string | undefined;
  /** Empty where the sender is not known. */
  sender?: string | undefined;
  id?: string | undefined;
  payload?: Uint8Array | undefined;
  /** Unix seconds. */
  expiresAt?: bigint | undefined;
}

export const MessageSegmentEntrySchema: MessageSchema<MessageSegmentEntry> = {
  fields: [
    { number: 1, name: "chat", kind: "string" },
    { number: 2, name: "sender", kind: "string" },
    { number: 3, name: "id", kind: "string" },
    { number: 4, name: "payload", kind: "bytes" },
    { number: 5, name: "expiresAt", kind: "int64" },
  ],
};

/** The entries of one segment, oldest first. */
export interface MessageSegmentEntries extends Message {
  /** Unix seconds of the first entry. */
  startedAt?: bigint | undefined;
  entries: MessageSegmentEntry[];
}

export const MessageSegmentEntriesSchema: MessageSchema<MessageSegmentEntries> = {
  fields: [
    { number: 1, name: "startedAt", kind: "int64" },
    { number: 2, name: "entries", kind: () => MessageSegmentEntrySchema, repeated: true },
  ],
};
