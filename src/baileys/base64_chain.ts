import { decodeBase64, encodeBase64 } from "../bytes/mod.ts";
import { MAX_SKIPPED_MESSAGES, steppedKey } from "../ratchet/mod.ts";

/** Whether receivers would not follow a chain from `next` to `bound`. */
export function isTooFar(next: number, bound: number): boolean {
  return bound - next > MAX_SKIPPED_MESSAGES;
}

/**
 * Steps the key of a chain from `next` to `bound`. Both keys are base64, as in libsignal-node and Baileys'
 * sender keys.
 *
 * @throws {RangeError} When the distance is too large, or there is no key.
 */
export function steppedBase64Key(key: string | undefined, next: number, bound: number): string {
  if (isTooFar(next, bound)) throw new RangeError(`fast-forward: ${bound - next} steps are too many`);
  const bytes = key === undefined ? undefined : decodeBase64(key);
  if (bytes === undefined) throw new RangeError("fast-forward: the chain has no key");
  return encodeBase64(steppedKey(bytes, Math.max(0, bound - next)));
}
