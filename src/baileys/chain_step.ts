/** The step of Signal's chains, which libsignal-node and Baileys' sender keys share. */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { decodeBase64, encodeBase64 } from "../bytes/mod.ts";

/** Messages that a receiver may miss before it refuses a chain: libsignal's bound. */
const MAX_STEPS = 2_000;

/** What a chain key is stepped with; 1 would make the key of the message. */
const STEP: Uint8Array = Uint8Array.of(2);

/** Whether no receiver would follow a chain from `next` to `bound`. */
export function isTooFar(next: number, bound: number): boolean {
  return bound - next > MAX_STEPS;
}

/**
 * The key of a chain that goes from `next` to `bound`, both in base64.
 *
 * @throws {RangeError} When it is too far, or there is no key.
 */
export function steppedKey(key: string | undefined, next: number, bound: number): string {
  if (isTooFar(next, bound)) throw new RangeError(`fast-forward: ${bound - next} steps are too many`);
  let bytes = key === undefined ? undefined : decodeBase64(key);
  if (bytes === undefined) throw new RangeError("fast-forward: the chain has no key");
  for (let n = next; n < bound; n++) bytes = hmac(sha256, bytes, STEP);
  return encodeBase64(bytes);
}
