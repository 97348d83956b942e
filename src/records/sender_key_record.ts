/** A stored record as a plain object. `src/ratchet` has the live form, in a file of the same name. */
import { KEY_BYTES } from "../bytes/mod.ts";
import { CorruptError } from "../errors/mod.ts";
import { decodeMessage, encodeMessage } from "../protobuf/mod.ts";
import { StoredMessage } from "./_stored_message.ts";
import {
  type SenderKeyRecordStructure,
  SenderKeyRecordStructureSchema,
  type SenderKeyStateStructure,
} from "./gen/signal_storage.ts";

const ACTION = "decode sender key";

/**
 * Decodes a stored sender key record. Keeps unknown fields. A public signing key may have the 0x05 prefix; a
 * private one is present only in our own sender key.
 *
 * @throws {CorruptError} When the bytes do not decode or a state lacks its chain or its signing key.
 * @throws {WrongLengthError} When a key has an invalid length.
 */
export function decodeSenderKeyRecord(bytes: Uint8Array): SenderKeyRecordStructure {
  const record = decodeMessage(SenderKeyRecordStructureSchema, bytes, ACTION);
  for (const state of record.senderKeyStates) checkState(state);
  return record;
}

/** Encodes a sender key record, including unknown fields. The caller owns the bytes. */
export function encodeSenderKeyRecord(record: SenderKeyRecordStructure): Uint8Array {
  return encodeMessage(SenderKeyRecordStructureSchema, record, "encode sender key");
}

function checkState({ senderChainKey, senderSigningKey, senderMessageKeys }: SenderKeyStateStructure): void {
  if (senderChainKey === undefined) throw new CorruptError(`${ACTION}: a state has no chain key`);
  if (senderSigningKey === undefined) throw new CorruptError(`${ACTION}: a state has no signing key`);
  const signing = new StoredMessage(senderSigningKey, ACTION);
  signing.publicKey("public");
  signing.checkLength("private", KEY_BYTES);
  for (const step of [senderChainKey, ...senderMessageKeys]) {
    new StoredMessage(step, ACTION).bytes("seed", KEY_BYTES);
  }
}
