// Generated from proto/holdfast/v1/pending_message.proto by `npm run generate`. Do not edit.

import type { Message, MessageSchema } from "../../protobuf/mod.ts";

/** One attribute of the stanza. */
export interface PendingMessage_Attribute extends Message {
  name?: string | undefined;
  value?: string | undefined;
}

export const PendingMessage_AttributeSchema: MessageSchema<PendingMessage_Attribute> = {
  fields: [
    { number: 1, name: "name", kind: "string" },
    { number: 2, name: "value", kind: "string" },
  ],
};

/** The plaintext of one ciphertext of the stanza, without padding. */
export interface PendingMessage_Plaintext extends Message {
  content?: Uint8Array | undefined;
}

export const PendingMessage_PlaintextSchema: MessageSchema<PendingMessage_Plaintext> = {
  fields: [
    { number: 1, name: "content", kind: "bytes" },
  ],
};

/** A received message: what its stanza says about it, and its plaintexts. */
export interface PendingMessage extends Message {
  attributes: PendingMessage_Attribute[];
  /** In the order of the ciphertexts. */
  plaintexts: PendingMessage_Plaintext[];
  /** Certificate of a business, as it is in the stanza. */
  verifiedName?: Uint8Array | undefined;
  /** Number of times that the message was requested again. */
  retryCount?: number | undefined;
}

export const PendingMessageSchema: MessageSchema<PendingMessage> = {
  fields: [
    { number: 1, name: "attributes", kind: () => PendingMessage_AttributeSchema, repeated: true },
    { number: 2, name: "plaintexts", kind: () => PendingMessage_PlaintextSchema, repeated: true },
    { number: 3, name: "verifiedName", kind: "bytes" },
    { number: 4, name: "retryCount", kind: "uint32" },
  ],
};
