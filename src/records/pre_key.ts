import { KEY_BYTES, MAX_KEY_ID, prefixedKey, SIGNATURE_BYTES } from "../bytes/mod.ts";
import { requireIntegerWithin } from "../errors/mod.ts";
import { decodeMessage, encodeMessage } from "../protobuf/mod.ts";
import { requireBytes, requireParts, requireTime } from "./_arguments.ts";
import { StoredMessage } from "./_stored_message.ts";
import {
  type PreKeyRecordStructure,
  PreKeyRecordStructureSchema,
  SignedPreKeyRecordStructureSchema,
} from "./gen/pre_key.ts";

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
  /** Time of creation, in the writer's unit; 0 when unknown. */
  readonly timestamp: number;
}

/**
 * Encodes a one-time pre-key as the standard `PreKeyRecordStructure`, with a prefixed public key.
 *
 * @throws {RangeError} When a key is not 32 bytes or the id is out of range.
 *
 * @example
 * ```ts
 * import { decodePreKey, encodePreKey } from "@holdfast/store/records";
 *
 * const record = encodePreKey({ id: 1, publicKey: new Uint8Array(32), privateKey: new Uint8Array(32) });
 * decodePreKey(record).id; // 1
 * ```
 */
export function encodePreKey(preKey: PreKey): Uint8Array {
  const action = "encode pre-key";
  return encodeMessage(PreKeyRecordStructureSchema, pairFields(action, preKey), action);
}

/**
 * Decodes a standard `PreKeyRecordStructure`, with or without the 0x05 prefix of its public key.
 *
 * @throws {CorruptError} When the bytes do not decode or a part is missing.
 * @throws {WrongLengthError} When a key has an invalid length.
 */
export function decodePreKey(record: Uint8Array): PreKey {
  const action = "decode pre-key";
  return readPair(new StoredMessage(decodeMessage(PreKeyRecordStructureSchema, record, action), action));
}

/**
 * Encodes a signed pre-key as the standard `SignedPreKeyRecordStructure`, with a prefixed public key.
 *
 * @throws {RangeError} When a key is not 32 bytes, the signature is not 64, or a number is out of range.
 */
export function encodeSignedPreKey(preKey: SignedPreKey): Uint8Array {
  const action = "encode signed pre-key";
  const pair = pairFields(action, preKey);
  const signature = requireBytes(action, "signature", preKey.signature, SIGNATURE_BYTES);
  const timestamp = requireTime(action, "timestamp", preKey.timestamp);
  return encodeMessage(SignedPreKeyRecordStructureSchema, { ...pair, signature, timestamp }, action);
}

/**
 * Decodes a standard `SignedPreKeyRecordStructure`. An absent timestamp decodes as 0.
 *
 * @throws {CorruptError} When the bytes do not decode or a part is missing.
 * @throws {WrongLengthError} When a key or the signature has an invalid length.
 */
export function decodeSignedPreKey(record: Uint8Array): SignedPreKey {
  const action = "decode signed pre-key";
  const message = decodeMessage(SignedPreKeyRecordStructureSchema, record, action);
  const stored = new StoredMessage(message, action);
  return {
    ...readPair(stored),
    signature: stored.bytes("signature", SIGNATURE_BYTES),
    timestamp: message.timestamp === undefined ? 0 : stored.integer("timestamp"),
  };
}

function pairFields(action: string, preKey: PreKey): PreKeyRecordStructure {
  requireParts(action, preKey);
  const { id, publicKey, privateKey } = preKey;
  requireIntegerWithin(`${action}: id`, id, 1, MAX_KEY_ID);
  return {
    id,
    publicKey: prefixedKey(requireBytes(action, "public key", publicKey, KEY_BYTES)),
    privateKey: requireBytes(action, "private key", privateKey, KEY_BYTES),
  };
}

function readPair(stored: StoredMessage<PreKeyRecordStructure>): PreKey {
  return {
    id: stored.require("id"),
    publicKey: stored.publicKey("publicKey"),
    privateKey: stored.bytes("privateKey", KEY_BYTES),
  };
}
