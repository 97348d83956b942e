/**
 * Stored records: the protobuf messages of `proto/`, and codecs between them and plain objects.
 *
 * Decoders copy their input. They throw `CorruptError` for bytes that do not decode and `WrongLengthError`
 * for a value of an invalid length; messages never contain bytes. Encoders throw `TypeError` and `RangeError`
 * for mistakes of the caller.
 *
 * @module
 */
export {
  type AdvKeyIndexList,
  type AdvSignedDeviceIdentity,
  type AdvSignedKeyIndexList,
  decodeAdvKeyIndexList,
  decodeAdvSignedDeviceIdentity,
  decodeAdvSignedKeyIndexList,
  decodeStoredAccount,
  encodeAdvKeyIndexList,
  encodeAdvSignedDeviceIdentity,
  encodeAdvSignedKeyIndexList,
  encodeStoredAccount,
} from "./adv.ts";

export { decodeDeviceExtra, encodeDeviceExtra } from "./device_extra.ts";
export {
  type DeviceListEntry,
  type DeviceListRecord,
  decodeDeviceList,
  decodeDevices,
  encodeDeviceList,
  encodeDevices,
} from "./device_list.ts";
export type {
  NodeRatchet,
  NodeSession,
  SenderKeyStateStructure,
  SessionStructure,
  SessionStructure_Chain,
  SessionStructure_Chain_MessageKey,
} from "./gen/signal_storage.ts";
export {
  decodeHashState,
  decodeIndexValues,
  encodeHashState,
  type HashState,
} from "./hash_state.ts";
export {
  decodeSegment,
  encodeSegmentEntry,
  encodeSegmentStart,
  type SegmentEntry,
} from "./message_segment.ts";
export {
  decodePendingMessage,
  encodePendingMessage,
  type PendingMessageRecord,
} from "./pending_message.ts";
export {
  decodePreKey,
  decodeSignedPreKey,
  encodePreKey,
  encodeSignedPreKey,
  type PreKey,
  type SignedPreKey,
} from "./pre_key.ts";
export { decodeSenderKeyRecord, encodeSenderKeyRecord } from "./sender_key_record.ts";
export {
  decodeServerCertChain,
  encodeServerCertChain,
  type ServerCert,
  type ServerCertChain,
} from "./server_cert_chain.ts";
export { decodeSessionRecord, encodeSessionRecord } from "./session_record.ts";
export {
  decodeSyncKey,
  decodeSyncKeyFingerprint,
  encodeSyncKey,
  encodeSyncKeyFingerprint,
  type SyncKey,
  type SyncKeyFingerprint,
} from "./sync_key.ts";
