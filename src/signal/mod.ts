/**
 * Signal state in memory: sessions and sender keys as live objects over the storage format that Signal clients share, and
 * a cache that writes them behind without ever letting a message key leave twice.
 *
 * @module
 */
export type { SenderMessageKey } from "./_sender_message_key.ts";
export type { SessionParts, StoredPendingPreKey } from "./_session_codec.ts";
export {
  type SignalAccount,
  type SignalCodecs,
  type SignalPolicy,
  sharedSignalCache,
  signalCache,
} from "./account_cache.ts";
export { type CacheCodec, senderKeyCacheCodec, sessionCacheCodec } from "./cache_codec.ts";
export { type Durability, MAX_BURNED_KEYS, MAX_LEASE_SIZE } from "./counter_lease.ts";
export type { SessionSelection } from "./delete_sessions.ts";
export type { SignalIdentities } from "./identity_store.ts";
export { MAX_RESTORE_EPOCH } from "./incarnation.ts";
export type { CacheChange } from "./joint_change.ts";
export type { MessageKey, StoredKey } from "./message_key.ts";
export type { MovedUser, MoveOptions, MoveReport } from "./move_user.ts";
export { publishable, type SignalUserState, signalCacheStats } from "./opened_caches.ts";
export type { RecordCodec, SendingChain } from "./record_codec.ts";
export { RewindError } from "./rewind_error.ts";
export { MAX_SENDER_KEY_STATES, SenderKeyRecord } from "./sender_key_record.ts";
export { senderKeyRecordCodec } from "./sender_key_record_codec.ts";
export { type NewSenderKeyState, SenderKeyState, type SenderKeyStateParts } from "./sender_key_state.ts";
export {
  MAX_FAST_FORWARD,
  MAX_MESSAGE_KEYS,
  type NewSessionChain,
  SessionChain,
  type SessionChainParts,
  type StoredChainKey,
} from "./session_chain.ts";
export { type DecodeOptions, SessionRecord } from "./session_record.ts";
export { sessionRecordCodec } from "./session_record_codec.ts";
export { type PendingPreKey, SessionState } from "./session_state.ts";
export type { SignalCacheCounts, SignalCacheEvent, SignalCacheListener } from "./signal_events.ts";
export type { PutOptions, SignalRecords, Ticket } from "./signal_records.ts";
export {
  type SignalCacheEngine,
  type SignalCacheStats,
  SignalStoreCache,
  type SignalStoreCacheOptions,
} from "./signal_store_cache.ts";
