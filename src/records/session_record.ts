/** A stored record as a plain object. `src/ratchet` has the live form, in a file of the same name. */
import { KEY_BYTES, PUBLIC_KEY_BYTES } from "../bytes/mod.ts";
import { decodeMessage, encodeMessage } from "../protobuf/mod.ts";
import { StoredMessage } from "./_stored_message.ts";
import {
  type SessionStructure_Chain as Chain,
  type RecordStructure,
  RecordStructureSchema,
  type SessionStructure,
} from "./gen/signal_storage.ts";

const ACTION = "decode session";

const IV_BYTES = 16;

/**
 * Decodes a stored session record. Keeps unknown fields. Keys may be absent or empty, because clients omit
 * unused parts; other keys must have the right length.
 *
 * @throws {CorruptError} When the bytes do not decode.
 * @throws {WrongLengthError} When a key has an invalid length.
 */
export function decodeSessionRecord(bytes: Uint8Array): RecordStructure {
  const record = decodeMessage(RecordStructureSchema, bytes, ACTION);
  if (record.currentSession !== undefined) checkSession(record.currentSession);
  for (const session of record.previousSessions) checkSession(session);
  for (const session of record.moreSessions) checkSession(session);
  return record;
}

/** Encodes a session record, including unknown fields. The caller owns the bytes. */
export function encodeSessionRecord(record: RecordStructure): Uint8Array {
  return encodeMessage(RecordStructureSchema, record, "encode session");
}

function checkSession(session: SessionStructure): void {
  const stored = new StoredMessage(session, ACTION);
  stored.checkLength("localIdentityPublic", PUBLIC_KEY_BYTES);
  stored.checkLength("remoteIdentityPublic", PUBLIC_KEY_BYTES);
  stored.checkLength("rootKey", KEY_BYTES);
  stored.checkLength("aliceBaseKey", PUBLIC_KEY_BYTES);
  if (session.senderChain !== undefined) checkChain(session.senderChain);
  for (const chain of session.receiverChains) checkChain(chain);
  for (const chain of session.node?.moreChains ?? []) checkChain(chain);
}

function checkChain(chain: Chain): void {
  const stored = new StoredMessage(chain, ACTION);
  stored.checkLength("senderRatchetKey", PUBLIC_KEY_BYTES);
  stored.checkLength("senderRatchetKeyPrivate", KEY_BYTES);
  if (chain.chainKey !== undefined) new StoredMessage(chain.chainKey, ACTION).checkLength("key", KEY_BYTES);
  for (const messageKey of chain.messageKeys) {
    const key = new StoredMessage(messageKey, ACTION);
    key.checkLength("cipherKey", KEY_BYTES);
    key.checkLength("macKey", KEY_BYTES);
    key.checkLength("iv", IV_BYTES);
    key.checkLength("seed", KEY_BYTES);
  }
}
