import type { DescField } from "@bufbuild/protobuf";
import { KEY_BYTES, StoredMessage } from "./_field.ts";
import {
  type SessionStructure_Chain as Chain,
  SessionStructure_Chain_ChainKeySchema as ChainKeySchema,
  SessionStructure_ChainSchema as ChainSchema,
  SessionStructure_Chain_MessageKeySchema as MessageKeySchema,
  type RecordStructure,
  RecordStructureSchema,
  type SessionStructure,
  SessionStructureSchema,
} from "./gen/holdfast/v1/signal_storage_pb.ts";
import { decodeMessage, encodeMessage } from "./message.ts";

const ACTION = "decode session";

/** Public keys in sessions have the 0x05 prefix. */
const PUBLIC_KEY_BYTES = KEY_BYTES + 1;

const IV_BYTES = 16;

/**
 * Decodes a stored session record. Unknown fields are kept. Keys may be absent or empty, since clients leave parts out
 * that they do not need; a key that is there has the right length.
 *
 * @throws {CorruptError} When the bytes do not decode.
 * @throws {WrongLengthError} When a key has a length that no key of its kind has.
 */
export function decodeSessionRecord(bytes: Uint8Array): RecordStructure {
  const record = decodeMessage(RecordStructureSchema, bytes, ACTION);
  if (record.currentSession !== undefined) checkSession(record.currentSession);
  for (const session of record.previousSessions) checkSession(session);
  for (const session of record.moreSessions) checkSession(session);
  return record;
}

/** Encodes a session record, unknown fields included. The bytes are the caller's own. */
export function encodeSessionRecord(record: RecordStructure): Uint8Array {
  return encodeMessage(RecordStructureSchema, record);
}

function checkSession(session: SessionStructure): void {
  const stored = new StoredMessage<typeof SessionStructureSchema>(session, ACTION);
  const field = SessionStructureSchema.field;
  stored.checkLength(field.localIdentityPublic, session.localIdentityPublic, PUBLIC_KEY_BYTES);
  stored.checkLength(field.remoteIdentityPublic, session.remoteIdentityPublic, PUBLIC_KEY_BYTES);
  stored.checkLength(field.rootKey, session.rootKey, KEY_BYTES);
  stored.checkLength(field.aliceBaseKey, session.aliceBaseKey, PUBLIC_KEY_BYTES);
  if (session.senderChain !== undefined) checkChain(session.senderChain);
  for (const chain of session.receiverChains) checkChain(chain);
  for (const chain of session.node?.moreChains ?? []) checkChain(chain);
}

function checkChain(chain: Chain): void {
  const stored = new StoredMessage<typeof ChainSchema>(chain, ACTION);
  const field = ChainSchema.field;
  stored.checkLength(field.senderRatchetKey, chain.senderRatchetKey, PUBLIC_KEY_BYTES);
  stored.checkLength(field.senderRatchetKeyPrivate, chain.senderRatchetKeyPrivate, KEY_BYTES);
  if (chain.chainKey !== undefined) {
    const chainKey = new StoredMessage<typeof ChainKeySchema>(chain.chainKey, ACTION);
    chainKey.checkLength(ChainKeySchema.field.key, chain.chainKey.key, KEY_BYTES);
  }
  for (const messageKey of chain.messageKeys) {
    const key = new StoredMessage<typeof MessageKeySchema>(messageKey, ACTION);
    const check = (of: DescField, value: Uint8Array, length: number) => key.checkLength(of, value, length);
    check(MessageKeySchema.field.cipherKey, messageKey.cipherKey, KEY_BYTES);
    check(MessageKeySchema.field.macKey, messageKey.macKey, KEY_BYTES);
    check(MessageKeySchema.field.iv, messageKey.iv, IV_BYTES);
    check(MessageKeySchema.field.seed, messageKey.seed, KEY_BYTES);
  }
}
