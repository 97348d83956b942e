import { CorruptError } from "../errors/mod.ts";
import { KEY_BYTES, StoredMessage } from "./_field.ts";
import {
  SenderKeyStateStructure_SenderChainKeySchema as ChainKeySchema,
  SenderKeyStateStructure_SenderMessageKeySchema as MessageKeySchema,
  type SenderKeyRecordStructure,
  SenderKeyRecordStructureSchema,
  type SenderKeyStateStructure,
  SenderKeyStateStructure_SenderSigningKeySchema as SigningKeySchema,
} from "./gen/holdfast/v1/signal_storage_pb.ts";
import { decodeMessage, encodeMessage } from "./message.ts";

const ACTION = "decode sender key";

/**
 * Decodes a stored sender key record. Unknown fields are kept. A public signing key has the 0x05 prefix or lacks it; a
 * private one is there only when the sender key is our own.
 *
 * @throws {CorruptError} When the bytes do not decode or a state lacks its chain or its signing key.
 * @throws {WrongLengthError} When a key has a length that no key of its kind has.
 */
export function decodeSenderKeyRecord(bytes: Uint8Array): SenderKeyRecordStructure {
  const record = decodeMessage(SenderKeyRecordStructureSchema, bytes, ACTION);
  for (const state of record.senderKeyStates) checkState(state);
  return record;
}

/** Encodes a sender key record, unknown fields included. The bytes are the caller's own. */
export function encodeSenderKeyRecord(record: SenderKeyRecordStructure): Uint8Array {
  return encodeMessage(SenderKeyRecordStructureSchema, record);
}

function checkState(state: SenderKeyStateStructure): void {
  const { senderChainKey, senderSigningKey } = state;
  if (senderChainKey === undefined) throw new CorruptError(`${ACTION}: a state has no chain key`);
  if (senderSigningKey === undefined) throw new CorruptError(`${ACTION}: a state has no signing key`);
  new StoredMessage<typeof ChainKeySchema>(senderChainKey, ACTION).bytes(
    ChainKeySchema.field.seed,
    senderChainKey.seed,
    KEY_BYTES,
  );
  const signing = new StoredMessage<typeof SigningKeySchema>(senderSigningKey, ACTION);
  signing.publicKey(SigningKeySchema.field.public, senderSigningKey.public);
  signing.checkLength(SigningKeySchema.field.private, senderSigningKey.private, KEY_BYTES);
  for (const messageKey of state.senderMessageKeys) {
    new StoredMessage<typeof MessageKeySchema>(messageKey, ACTION).bytes(
      MessageKeySchema.field.seed,
      messageKey.seed,
      KEY_BYTES,
    );
  }
}
