/** The steps of Signal's chains, which are the same for sessions and sender keys. */

import { encodeUtf8, joinBytes, KEY_BYTES } from "../bytes/mod.ts";
import { EMPTY } from "../protobuf/mod.ts";
import { hmacSha256 } from "./_hmac.ts";

const SEED_INPUT: Uint8Array = Uint8Array.of(0x01);
const STEP_INPUT: Uint8Array = Uint8Array.of(0x02);
const RETIRED_INPUT: Uint8Array = encodeUtf8("Holdfast closed chain");

/** Prefix of every retired key. A chain key has it by chance with probability 2^-128. */
const RETIRED_PREFIX: Uint8Array = encodeUtf8("Holdfast:retired");

/** The seed from which the keys of the next message are derived, 32 new bytes. */
export function messageSeed(chainKey: Uint8Array): Uint8Array {
  return new Uint8Array(hmacSha256(chainKey, SEED_INPUT));
}

/** The chain key after `steps` messages, 32 new bytes. One step is an HMAC, some microseconds. */
export function steppedKey(chainKey: Uint8Array, steps: number): Uint8Array {
  let key = chainKey;
  for (let i = 0; i < steps; i++) key = hmacSha256(key, STEP_INPUT);
  return new Uint8Array(key);
}

/**
 * Replaces the key of a closed chain, because other clients require 32 bytes: a fixed prefix and 16 bytes
 * derived from `secret`, from which neither `secret` nor a message key of the chain can be derived. Clients
 * that drop unknown fields keep this key, so that the chain stays closed.
 *
 * @param secret The key itself, or another secret of the session.
 * @param context Distinguishes the chains of one secret.
 */
export function retiredKey(secret: Uint8Array, context: Uint8Array = EMPTY): Uint8Array {
  const key = new Uint8Array(hmacSha256(secret, joinBytes([RETIRED_INPUT, context])));
  key.set(RETIRED_PREFIX);
  return key;
}

/** Whether a chain's key is a retired key: see `retiredKey`. */
export function isRetiredKey(key: Uint8Array): boolean {
  return key.length === KEY_BYTES && RETIRED_PREFIX.every((byte, index) => key[index] === byte);
}
