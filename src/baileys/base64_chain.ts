import { decodeBase64, encodeBase64 } from "../bytes/mod.ts";
import { MAX_SKIPPED_MESSAGES, steppedKey } from "../ratchet/mod.ts";

/** Whether no receiver would follow a chain from `next` to `bound`. */
export function isTooFar(next: number, bound: number): boolean {
  return bound - next > MAX_SKIPPED_MESSAGES;
}

/**
 * The key of a chain that goes from `next` to `bound`, both keys in base64, as libsignal-node and Baileys'
 * sender keys hold them.
 *
 * @throws {RangeError} When it is too far, or there is no key.
 */
export function steppedBase64Key(key: string | undefined, next: number, bound: number): string {
  if (isTooFar(next, bound)) throw new RangeError(`fast-forward: ${bound - next} steps are too many`);
  const bytes = key === undefined ? undefined : decodeBase64(key);
  if (bytes === undefined) throw new RangeError("fast-forward: the chain has no key");
  return encodeBase64(steppedKey(bytes, Math.max(0, bound - next)));
}
