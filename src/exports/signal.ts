/**
 * Signal state in memory: sessions and sender keys as live objects over the storage format that Signal
 * clients share, and a cache that writes them behind without ever letting a message key leave twice.
 *
 * `signalCache(account)` is the account's cache of `SessionRecord`s and `SenderKeyRecord`s; with
 * `SignalCodecs` the cached objects are a client's own. `publishable` is awaited before a ciphertext leaves.
 *
 * @module
 */
export { generateKeyPair, signalPublicKey, signXeddsa } from "../device/mod.ts";
export type { Allocate } from "../protobuf/mod.ts";
export {
  type DecodeOptions,
  type LiveRecordCodec,
  liveSenderKeyCodec,
  liveSessionCodec,
  MAX_MESSAGE_KEYS,
  MAX_SENDER_KEY_STATES,
  MAX_SKIPPED_MESSAGES,
  type MessageKey,
  type NewSenderKeyState,
  type NewSessionChain,
  type PendingPreKey,
  type RecordCodec,
  SenderKeyRecord,
  SenderKeyState,
  type SenderKeyStateParts,
  type SenderMessageKey,
  type SendingChain,
  SessionChain,
  type SessionChainParts,
  type SessionParts,
  SessionRecord,
  SessionState,
  type StoredChainKey,
  type StoredKey,
  type StoredPendingPreKey,
} from "../ratchet/mod.ts";
export {
  type CacheChange,
  type CacheHolder,
  type Durability,
  type MovedUser,
  type MoveOptions,
  type MoveReport,
  type PutOptions,
  publishable,
  RewindError,
  type SendableOptions,
  type SessionSelection,
  type SignalAccount,
  type SignalCacheCounts,
  type SignalCacheEvent,
  type SignalCacheListener,
  type SignalCacheStats,
  type SignalCodecs,
  type SignalIdentities,
  type SignalPolicy,
  type SignalRecords,
  type SignalStoreCache,
  signalCache,
  signalCacheStats,
  type Ticket,
  type UserMappings,
} from "../signal/mod.ts";
