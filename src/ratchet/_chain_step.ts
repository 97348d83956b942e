/** The steps of Signal's chains, which are the same for sessions and for sender keys. */

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { encodeUtf8, joinBytes, KEY_BYTES } from "../bytes/mod.ts";
import { EMPTY } from "../protobuf/mod.ts";

const SEED_INPUT: Uint8Array = Uint8Array.of(0x01);
const STEP_INPUT: Uint8Array = Uint8Array.of(0x02);
const RETIRED_INPUT: Uint8Array = encodeUtf8("Holdfast closed chain");

/** How every retired key begins. A chain key does so by chance once in 2^128 times. */
const RETIRED_PREFIX: Uint8Array = encodeUtf8("Holdfast:retired");

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
 * What stands in a chain's field once its key is thrown away, where other clients insist on 32 bytes: a fixed
 * prefix and 16 bytes that are as secret as `secret`, leading neither back to it nor to any message key of
 * the chain. Clients that drop unknown fields keep the key, and with it the mark that the chain is closed.
 *
 * @param secret The key itself, or another secret of the session.
 * @param context Tells the chains of one secret apart.
 */
export function retiredKey(secret: Uint8Array, context: Uint8Array = EMPTY): Uint8Array {
  const key = hmac(sha256, secret, joinBytes([RETIRED_INPUT, context]));
  key.set(RETIRED_PREFIX);
  return key;
}

/** Whether what stands in a chain's field is no key of it: see `retiredKey`. */
export function isRetiredKey(key: Uint8Array): boolean {
  return key.length === KEY_BYTES && RETIRED_PREFIX.every((byte, index) => key[index] === byte);
}
