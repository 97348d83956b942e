import { create } from "@bufbuild/protobuf";
import {
  KEY_BYTES,
  prefixedKey,
  requireBytes,
  requireInteger,
  SIGNATURE_BYTES,
  StoredMessage,
} from "./_field.ts";
import {
  PreKeyRecordStructureSchema,
  SignedPreKeyRecordStructureSchema,
} from "./gen/holdfast/v1/pre_key_pb.ts";
import { decodeMessage, encodeMessage } from "./message.ts";

/** Greatest pre-key id: ids travel as 24-bit integers. */
const MAX_ID = 2 ** 24 - 1;

/** A one-time pre-key. */
export interface PreKey {
  /** 1 … 2^24−1. */
  readonly id: number;
  /** 32 bytes, without the 0x05 prefix. */
  readonly publicKey: Uint8Array;
  /** 32 bytes. */
  readonly privateKey: Uint8Array;
}

/** A signed pre-key. */
export interface SignedPreKey extends PreKey {
  /** 64 bytes: XEdDSA by the identity key over 0x05‖public. */
  readonly signature: Uint8Array;
  /** When it was made. The unit is the writer's; 0 is unknown. */
  readonly timestamp: number;
}

/**
 * Encodes a one-time pre-key as the standard `PreKeyRecordStructure`, its public key with the 0x05 prefix.
 *
 * @throws {RangeError} When a key is not 32 bytes or the id is out of range.
 *
 * @example
 * ```ts
 * import { decodePreKey, encodePreKey } from "@holdfast/store";
 *
 * const record = encodePreKey({ id: 1, publicKey: new Uint8Array(32), privateKey: new Uint8Array(32) });
 * decodePreKey(record).id; // 1
 * ```
 */
export function encodePreKey(preKey: PreKey): Uint8Array {
  return encodeMessage(
    PreKeyRecordStructureSchema,
    create(PreKeyRecordStructureSchema, pairFields("encode pre-key", preKey)),
  );
}

/**
 * Decodes a standard `PreKeyRecordStructure`, whose public key may have the 0x05 prefix or lack it.
 *
 * @throws {CorruptError} When the bytes do not decode or a part is missing.
 * @throws {WrongLengthError} When a key has a length that no key has.
 */
export function decodePreKey(record: Uint8Array): PreKey {
  const action = "decode pre-key";
  const message = decodeMessage(PreKeyRecordStructureSchema, record, action);
  const stored = new StoredMessage<typeof PreKeyRecordStructureSchema>(message, action);
  const field = PreKeyRecordStructureSchema.field;
  stored.require(field.id);
  return {
    id: message.id,
    publicKey: stored.publicKey(field.publicKey, message.publicKey),
    privateKey: stored.bytes(field.privateKey, message.privateKey, KEY_BYTES),
  };
}

/**
 * Encodes a signed pre-key as the standard `SignedPreKeyRecordStructure`, its public key with the 0x05 prefix.
 *
 * @throws {RangeError} When a key is not 32 bytes, the signature not 64, or a number is out of range.
 */
export function encodeSignedPreKey(preKey: SignedPreKey): Uint8Array {
  const action = "encode signed pre-key";
  const timestamp = requireInteger(action, "timestamp", preKey.timestamp, [0, Number.MAX_SAFE_INTEGER]);
  return encodeMessage(
    SignedPreKeyRecordStructureSchema,
    create(SignedPreKeyRecordStructureSchema, {
      ...pairFields(action, preKey),
      signature: requireBytes(action, "signature", preKey.signature, SIGNATURE_BYTES),
      timestamp: BigInt(timestamp),
    }),
  );
}

/**
 * Decodes a standard `SignedPreKeyRecordStructure`. A timestamp that is absent reads as 0.
 *
 * @throws {CorruptError} When the bytes do not decode or a part is missing.
 * @throws {WrongLengthError} When a key or the signature has a length that none has.
 */
export function decodeSignedPreKey(record: Uint8Array): SignedPreKey {
  const action = "decode signed pre-key";
  const message = decodeMessage(SignedPreKeyRecordStructureSchema, record, action);
  const stored = new StoredMessage<typeof SignedPreKeyRecordStructureSchema>(message, action);
  const field = SignedPreKeyRecordStructureSchema.field;
  stored.require(field.id);
  return {
    id: message.id,
    publicKey: stored.publicKey(field.publicKey, message.publicKey),
    privateKey: stored.bytes(field.privateKey, message.privateKey, KEY_BYTES),
    signature: stored.bytes(field.signature, message.signature, SIGNATURE_BYTES),
    timestamp: stored.has(field.timestamp) ? stored.integer(field.timestamp, message.timestamp) : 0,
  };
}

function pairFields(
  action: string,
  preKey: PreKey,
): { id: number; publicKey: Uint8Array; privateKey: Uint8Array } {
  return {
    id: requireInteger(action, "id", preKey.id, [1, MAX_ID]),
    publicKey: prefixedKey(requireBytes(action, "public key", preKey.publicKey, KEY_BYTES)),
    privateKey: requireBytes(action, "private key", preKey.privateKey, KEY_BYTES),
  };
}
