/**
 * Signal state in memory: sessions and sender keys as live objects over the storage format of Signal clients,
 * in a write-behind cache that never uses a message key twice.
 *
 * `signalCache(account)` returns the account's cache of `SessionRecord`s and `SenderKeyRecord`s. With
 * `SignalCodecs` it caches a client's own objects. Await `publishable` before you send a ciphertext.
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
