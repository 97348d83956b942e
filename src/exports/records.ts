/**
 * The records as they are stored: the protobuf messages of `proto/`, and codecs between them and plain objects.
 *
 * Every decoder copies, tells bytes that do not decode (`CorruptError`) from a value of a length that none has
 * (`WrongLengthError`), and never repeats bytes in a message. Encoders take the caller's mistakes as `TypeError` and
 * `RangeError`.
 *
 * @module
 */

export { decodeBase64, encodeBase64 } from "../bytes/mod.ts";
export {
  type AdvKeyIndexList,
  type AdvSignedDeviceIdentity,
  type AdvSignedKeyIndexList,
  type DeviceListEntry,
  type DeviceListRecord,
  decodeAdvKeyIndexList,
  decodeAdvSignedDeviceIdentity,
  decodeAdvSignedKeyIndexList,
  decodeDeviceExtra,
  decodeDeviceList,
  decodeHashState,
  decodePlainValue,
  decodePreKey,
  decodeSenderKeyRecord,
  decodeServerCertChain,
  decodeSessionRecord,
  decodeSignedPreKey,
  decodeSyncKey,
  decodeSyncKeyFingerprint,
  encodeAdvKeyIndexList,
  encodeAdvSignedDeviceIdentity,
  encodeAdvSignedKeyIndexList,
  encodeDeviceExtra,
  encodeDeviceList,
  encodeHashState,
  encodePlainValue,
  encodePreKey,
  encodeSenderKeyRecord,
  encodeServerCertChain,
  encodeSessionRecord,
  encodeSignedPreKey,
  encodeSyncKey,
  encodeSyncKeyFingerprint,
  type HashState,
  type NodeRatchet,
  type NodeSession,
  type PlainValue,
  type PreKey,
  type RecordStructure,
  type SenderKeyRecordStructure,
  type SenderKeyStateStructure,
  type ServerCert,
  type ServerCertChain,
  type SessionStructure,
  type SessionStructure_Chain,
  type SessionStructure_Chain_MessageKey,
  type SignedPreKey,
  type SyncKey,
  type SyncKeyFingerprint,
} from "../records/mod.ts";
