import { SEALED_MARK } from "../bytes/mod.ts";
import { LIFE_BYTES } from "./life.ts";
import { IV_BYTES, TAG_BYTES } from "./sealer.ts";

/** Bytes of the id of a root key. */
export const KEY_ID_BYTES = 8;

const KEY_ID_AT = SEALED_MARK.length;
const LIFE_AT = KEY_ID_AT + KEY_ID_BYTES;
const IV_AT = LIFE_AT + LIFE_BYTES;

/** Bytes in front of the ciphertext. */
export const HEAD_BYTES: number = IV_AT + IV_BYTES;

/** Bytes that a sealed value is longer than the original. */
export const OVERHEAD_BYTES: number = HEAD_BYTES + TAG_BYTES;

/** The bytes in front of the initialisation vector: they are the same for each value of a life. */
export function headOf(keyId: Uint8Array, life: Uint8Array): Uint8Array {
  const head = new Uint8Array(IV_AT);
  head.set(SEALED_MARK);
  head.set(keyId, KEY_ID_AT);
  head.set(life, LIFE_AT);
  return head;
}

/** Id of the root key and name of the life, of bytes for which `isSealed` holds. A view. */
export function originOf(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(KEY_ID_AT, IV_AT);
}

/** Whether bytes for which `isSealed` holds have this origin. */
export function hasOrigin(bytes: Uint8Array, origin: Uint8Array): boolean {
  for (let at = 0; at < origin.length; at += 1) if (bytes[KEY_ID_AT + at] !== origin[at]) return false;
  return true;
}
