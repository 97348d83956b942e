/** The keys of skipped messages: libsignal-node's seeds, and the three derived keys of the standard. */

import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { encodeUtf8, joinBytes, KEY_BYTES } from "../../bytes/mod.ts";

const IV_BYTES = 16;

/** Total length of the three derived keys. */
const DERIVED_BYTES: number = KEY_BYTES + KEY_BYTES + IV_BYTES;

const INFO: Uint8Array = encodeUtf8("WhisperMessageKeys");

/** The keys of one message. */
export interface DerivedKeys {
  readonly cipherKey: Uint8Array;
  readonly macKey: Uint8Array;
  readonly iv: Uint8Array;
}

/** The stored keys of one message; each may be absent. */
export type StoredKeys = { readonly [Name in keyof DerivedKeys]?: Uint8Array | undefined };

/**
 * Whether a message key of libsignal-node has a known length: a seed of 32 bytes, or the 80 bytes of three
 * derived keys. A key from another client has no seed and is kept in the latter form. libsignal-node stores
 * and returns it unchanged but cannot use it: it would derive from it, the MAC would not match, and it would
 * request a retry.
 */
export function isMessageKeyLength(length: number): boolean {
  return length === KEY_BYTES || length === DERIVED_BYTES;
}

/** Whether a message key of libsignal-node is a seed rather than derived keys. */
export function isSeed(key: Uint8Array): boolean {
  return key.length === KEY_BYTES;
}

/** The three keys of a message: HKDF-SHA256 of the seed, with a salt of zeros. */
export function deriveKeys(seed: Uint8Array): DerivedKeys {
  return splitKeys(hkdf(sha256, seed, new Uint8Array(KEY_BYTES), INFO, DERIVED_BYTES));
}

/** Splits 80 bytes into the three keys. */
export function splitKeys(keys: Uint8Array): DerivedKeys {
  return {
    cipherKey: keys.slice(0, KEY_BYTES),
    macKey: keys.slice(KEY_BYTES, 2 * KEY_BYTES),
    iv: keys.slice(2 * KEY_BYTES),
  };
}

/** Joins derived keys to 80 bytes; `undefined` when one is missing. */
export function joinKeys({ cipherKey, macKey, iv }: StoredKeys): Uint8Array | undefined {
  const isWhole = cipherKey?.length === KEY_BYTES && macKey?.length === KEY_BYTES && iv?.length === IV_BYTES;
  return isWhole ? joinBytes([cipherKey, macKey, iv]) : undefined;
}
