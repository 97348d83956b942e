import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { encodeUtf8, hexOf } from "../bytes/mod.ts";
import { KEY_ID_BYTES } from "./sealed_value.ts";
import { KEY_BYTES } from "./sealer.ts";

/** A key of the ring, from which the keys of lives are derived. */
export interface RootKey {
  /** Follows from the key, and stands in each value. Tells nothing of the key. */
  readonly id: Uint8Array;
  readonly bytes: Uint8Array;
  /** Authenticates the key check. */
  readonly checkKey: Uint8Array;
}

/** Makes a root key of 32 bytes, which it owns from now on. */
export function rootKeyOf(bytes: Uint8Array): RootKey {
  const derived = (label: string, length: number): Uint8Array =>
    hkdf(sha256, bytes, undefined, encodeUtf8(`holdfast sealing 1: ${label}`), length);
  return { bytes, id: derived("key id", KEY_ID_BYTES), checkKey: derived("key check", KEY_BYTES) };
}

/** The id of a root key as text. */
export function idText({ id }: Pick<RootKey, "id">): string {
  return hexOf(id);
}
