/**
 * The records as they are stored: the protobuf messages of `proto/`, and codecs between them and plain
 * objects.
 *
 * Every decoder copies, tells bytes that do not decode (`CorruptError`) from a value of a length that none
 * has (`WrongLengthError`), and never repeats bytes in a message. Encoders take the caller's mistakes as
 * `TypeError` and `RangeError`.
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
  encodeAdvKeyIndexList,
  encodeAdvSignedDeviceIdentity,
  encodeAdvSignedKeyIndexList,
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
  RecordStructure,
  SenderKeyRecordStructure,
  SenderKeyStateStructure,
  SessionStructure,
  SessionStructure_Chain,
  SessionStructure_Chain_MessageKey,
} from "./gen/signal_storage.ts";
export {
  decodeHashState,
  decodeIndexValues,
  encodeHashState,
  encodeIndexValues,
  type HashState,
} from "./hash_state.ts";
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
