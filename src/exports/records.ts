/**
 * Codecs between stored records and plain objects: what the stores hand out as bytes, and what a client
 * writes.
 *
 * Every decoder copies, tells bytes that do not decode (`CorruptError`) from a value of a length that none
 * has (`WrongLengthError`), and never repeats bytes in a message. Encoders take the caller's mistakes as
 * `TypeError` and `RangeError`. Sessions and sender keys are in the subpath `signal`.
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
