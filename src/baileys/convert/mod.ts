/**
 * Conversions between Baileys' values and stored values: pure, host-free functions, lossless in both
 * directions.
 *
 * Bytes in values may have any encoding of Baileys' files. Invalid values throw a `CorruptError`, keys of an
 * invalid length a `WrongLengthError`; messages never contain values.
 *
 * @module
 */
export { isObject, type JsonObject, parsedJson, readBytes } from "./_bytes.ts";
export {
  type BaileysHashState,
  baileysToHashState,
  baileysToSyncKey,
  bytesToSyncKeyId,
  hashStateToBaileys,
  syncKeyIdToBytes,
  syncKeyToBaileys,
} from "./app_state.ts";
export { credsFromDevice, deviceFromCreds } from "./creds.ts";
export type { BaileysAccount, BaileysCreds, BaileysKeys } from "./creds_types.ts";
export {
  freeSessionName,
  type NodeChainJson,
  type NodeRecordJson,
  type NodeSessionJson,
  OPEN,
  SENDING,
} from "./node_session.ts";
export {
  deviceListToDevices,
  devicesToDeviceList,
  devicesToSenderKeyMemory,
  entryToTcToken,
  jidsToTcTokenIndex,
  lidMappingIdOf,
  lidMappingIds,
  lidMappingToUser,
  senderKeyMemoryToDevices,
  TC_TOKEN_INDEX_ID,
  tcTokenIndexToJids,
  tcTokenToEntry,
} from "./protocol_keys.ts";
export {
  parseSenderKeyStates,
  recordToSenderKey,
  recordToSenderKeyStates,
  type SenderKeyStateJson,
  senderKeyToRecord,
} from "./sender_key.ts";
export { type LocalIdentity, recordToSession, sessionToRecord, toNodeRecord } from "./session.ts";
export { MAX_SPENT_CHAINS } from "./session_chain.ts";
export { SessionEncoder } from "./session_encoder.ts";
export {
  identityKeyToRaw,
  preKeyIdOf,
  preKeyToRecord,
  rawToIdentityKey,
  recordToPreKey,
} from "./signal_keys.ts";
export type { WrapBytes } from "./wrap_bytes.ts";
