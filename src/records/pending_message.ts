import { requireObject, requireObjects } from "../errors/mod.ts";
import { decodeMessage, encodeMessage } from "../protobuf/mod.ts";
import { StoredMessage } from "./_stored_message.ts";
import { PendingMessageSchema } from "./gen/pending_message.ts";

/** A received message that was not delivered to the client yet. */
export interface PendingMessageRecord {
  /** Attributes of the stanza, by name. */
  readonly attributes: Readonly<Record<string, string>>;
  /** The plaintexts without padding, in the order of the ciphertexts. At least one. */
  readonly plaintexts: readonly Uint8Array[];
  /** Certificate of a business, as it is in the stanza. */
  readonly verifiedName?: Uint8Array | undefined;
  /** Number of times that the message was requested again. */
  readonly retryCount?: number | undefined;
}

/** Encodes a pending message. @throws {TypeError | RangeError} When a part is of another type or too large. */
export function encodePendingMessage(record: PendingMessageRecord): Uint8Array {
  const action = "encode pending message";
  requireObject(`${action}: the message`, record);
  requireObject(`${action}: attributes`, record.attributes);
  requireObjects(`${action}: plaintexts`, record.plaintexts);
  const { attributes, plaintexts, verifiedName, retryCount } = record;
  return encodeMessage(
    PendingMessageSchema,
    {
      attributes: Object.entries(attributes).map(([name, value]) => ({ name, value })),
      plaintexts: plaintexts.map((content) => ({ content })),
      verifiedName,
      retryCount,
    },
    action,
  );
}

/** Decodes a pending message. @throws {CorruptError} When the bytes do not decode or a part is missing. */
export function decodePendingMessage(bytes: Uint8Array): PendingMessageRecord {
  const action = "decode pending message";
  const message = decodeMessage(PendingMessageSchema, bytes, action);
  const attributes = message.attributes.map((attribute) => {
    const stored = new StoredMessage(attribute, action);
    return [stored.require("name"), stored.require("value")] as const;
  });
  const { verifiedName, retryCount } = message;
  return {
    attributes: Object.fromEntries(attributes),
    plaintexts: message.plaintexts.map((plaintext) => new StoredMessage(plaintext, action).bytes("content")),
    ...(verifiedName === undefined ? {} : { verifiedName: new Uint8Array(verifiedName) }),
    ...(retryCount === undefined ? {} : { retryCount }),
  };
}
