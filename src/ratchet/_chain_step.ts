/** The steps of Signal's chains, which are the same for sessions and for sender keys. */

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { encodeUtf8 } from "../bytes/mod.ts";

/** Length of a chain key, of a seed, of a root key and of a private key. */
export const KEY_BYTES = 32;

const SEED_INPUT: Uint8Array = Uint8Array.of(0x01);
const STEP_INPUT: Uint8Array = Uint8Array.of(0x02);
const RETIRED_INPUT: Uint8Array = encodeUtf8("Holdfast closed chain");

/** What the keys of the next message are derived from, 32 fresh bytes. */
export function messageSeed(chainKey: Uint8Array): Uint8Array {
  return hmac(sha256, chainKey, SEED_INPUT);
}

/** The chain key after `steps` messages, 32 fresh bytes. One step is an HMAC, some microseconds. */
export function steppedKey(chainKey: Uint8Array, steps: number): Uint8Array {
  let key = chainKey;
  for (let i = 0; i < steps; i++) key = hmac(sha256, key, STEP_INPUT);
  return steps === 0 ? new Uint8Array(chainKey) : key;
}

/**
 * What stands in a chain's field once its key is thrown away, where other clients insist on 32 bytes: as
 * secret as the key was, leading neither back to it nor to any message key of the chain.
 */
export function retiredKey(chainKey: Uint8Array): Uint8Array {
  return hmac(sha256, chainKey, RETIRED_INPUT);
}
