import { KEY_BYTES, MAX_KEY_ID, prefixedKey } from "../../bytes/mod.ts";
import { decodePreKey, encodePreKey } from "../../records/mod.ts";
import { requireBytes, requireInteger, requireObject, requirePublicKey } from "./_bytes.ts";
import type { BaileysKeys } from "./creds_types.ts";
import { plainBytes, type WrapBytes } from "./wrap_bytes.ts";

/**
 * Parses Baileys' decimal pre-key id.
 *
 * @returns `undefined` when the text is not a valid id.
 */
export function preKeyIdOf(id: string): number | undefined {
  const number = /^[1-9][0-9]{0,7}$/.test(id) ? Number(id) : 0;
  return number >= 1 && number <= MAX_KEY_ID ? number : undefined;
}

/** Converts a `pre-key` of Baileys to the standard record. @throws {CorruptError | WrongLengthError} */
export function preKeyToRecord(id: number, value: unknown): Uint8Array {
  const action = "convert pre-key";
  const pair = requireObject(action, "the key pair", value);
  return encodePreKey({
    id: requireInteger(action, "the id", id, [1, MAX_KEY_ID]),
    publicKey: requirePublicKey(action, "the public key", pair.public).subarray(1),
    privateKey: requireBytes(action, "the private key", pair.private, KEY_BYTES),
  });
}

/** Converts a standard pre-key record to a `pre-key` of Baileys. @throws {CorruptError | WrongLengthError} */
export function recordToPreKey(record: Uint8Array, wrapBytes: WrapBytes = plainBytes): BaileysKeys {
  const { publicKey, privateKey } = decodePreKey(record);
  return { public: wrapBytes(publicKey), private: wrapBytes(privateKey) };
}

/**
 * Converts an `identity-key` of Baileys, 33 bytes, to the stored 32 bytes. @throws {CorruptError |
 * WrongLengthError}
 */
export function identityKeyToRaw(value: unknown): Uint8Array {
  return requirePublicKey("convert identity key", "the key", value).slice(1);
}

/** Converts a stored identity key of 32 bytes to an `identity-key` of Baileys. */
export function rawToIdentityKey(key: Uint8Array, wrapBytes: WrapBytes = plainBytes): Uint8Array {
  return wrapBytes(prefixedKey(key));
}
