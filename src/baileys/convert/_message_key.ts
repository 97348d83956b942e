/**
 * The keys of skipped messages: seeds, as libsignal-node keeps them, and the three derived keys of the
 * standard.
 */

import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { encodeUtf8, joinBytes, KEY_BYTES } from "../../bytes/mod.ts";

const IV_BYTES = 16;

/** Length of the three derived keys, one behind the other. */
const DERIVED_BYTES: number = KEY_BYTES + KEY_BYTES + IV_BYTES;

const INFO: Uint8Array = encodeUtf8("WhisperMessageKeys");

/** The keys of one message. */
export interface DerivedKeys {
  readonly cipherKey: Uint8Array;
  readonly macKey: Uint8Array;
  readonly iv: Uint8Array;
}

/** The keys of one message as they are stored, each of them present or absent. */
export type StoredKeys = { readonly [Name in keyof DerivedKeys]?: Uint8Array | undefined };

/**
 * Whether a message key of libsignal-node has a length that is known here. It keeps seeds of 32 bytes. A key
 * that came from another client has no seed any more; it travels through libsignal-node as the 80 bytes of
 * its three derived keys. libsignal-node stores and returns them without looking, and cannot use them: it
 * would derive from them, the MAC would not match, and the peer would be asked to send again.
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

/** Takes the 80 bytes apart. */
export function splitKeys(keys: Uint8Array): DerivedKeys {
  return {
    cipherKey: keys.slice(0, KEY_BYTES),
    macKey: keys.slice(KEY_BYTES, 2 * KEY_BYTES),
    iv: keys.slice(2 * KEY_BYTES),
  };
}

/** Puts derived keys together; `undefined` unless they are 80 bytes. */
export function joinKeys({ cipherKey, macKey, iv }: StoredKeys): Uint8Array | undefined {
  const isWhole = cipherKey?.length === KEY_BYTES && macKey?.length === KEY_BYTES && iv?.length === IV_BYTES;
  return isWhole ? joinBytes([cipherKey, macKey, iv]) : undefined;
}
