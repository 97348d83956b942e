/**
 * Codecs between stored records and plain objects.
 *
 * Decoders copy their input. Bytes that do not decode are a `CorruptError`, a value of an invalid length is a
 * `WrongLengthError`, and no message contains bytes. Encoders throw `TypeError` and `RangeError` for mistakes
 * of the caller. Live sessions and sender keys are in the subpath `signal`.
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
  decodeDeviceExtra,
  decodeDeviceList,
  decodeHashState,
  decodePreKey,
  decodeServerCertChain,
  decodeSignedPreKey,
  decodeSyncKeyFingerprint,
  encodeAdvKeyIndexList,
  encodeAdvSignedDeviceIdentity,
  encodeAdvSignedKeyIndexList,
  encodeDeviceExtra,
  encodeDeviceList,
  encodeHashState,
  encodePreKey,
  encodeServerCertChain,
  encodeSignedPreKey,
  encodeSyncKeyFingerprint,
  type PreKey,
  type ServerCert,
  type ServerCertChain,
  type SignedPreKey,
  type SyncKeyFingerprint,
} from "../records/mod.ts";
