/**
 * Sessions and sender keys as live objects over the storage format of Signal clients.
 *
 * @module
 */

export { isRetiredKey, retiredKey, steppedKey } from "./_chain_step.ts";
export type { SenderMessageKey } from "./_sender_message_key.ts";
export { MAX_ARCHIVED_SESSIONS } from "./_session_archive.ts";
export type { SessionParts, StoredPendingPreKey } from "./_session_codec.ts";
export { MAX_RECEIVER_CHAINS } from "./_session_codec.ts";
export { type LiveRecordCodec, liveSenderKeyCodec, liveSessionCodec } from "./live_record_codec.ts";
export type { MessageKey, StoredKey } from "./message_key.ts";
export { withoutSenderMessageKeys, withoutSessionMessageKeys } from "./message_key_removal.ts";
export type { RecordCodec, SendingChain } from "./record_codec.ts";
export { MAX_SENDER_KEY_STATES, SenderKeyRecord } from "./sender_key_record.ts";
export { type NewSenderKeyState, SenderKeyState, type SenderKeyStateParts } from "./sender_key_state.ts";
export {
  MAX_MESSAGE_KEYS,
  MAX_SKIPPED_MESSAGES,
  type NewSessionChain,
  SessionChain,
  type SessionChainParts,
  type StoredChainKey,
} from "./session_chain.ts";
export { type DecodeOptions, SessionRecord } from "./session_record.ts";
export { sessionRecordCodec } from "./session_record_codec.ts";
export { type PendingPreKey, SessionState } from "./session_state.ts";
