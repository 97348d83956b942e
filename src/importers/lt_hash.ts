import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { encodeUtf8, sameBytes } from "../bytes/mod.ts";

const HASH_BYTES = 128;

const INFO: Uint8Array = encodeUtf8("WhatsApp Patch Integrity");

/**
 * Whether value MACs are those of a collection: its hash is the sum of their expansions, in lanes of 16 bits,
 * little-endian.
 */
export function isHashOf(hash: Uint8Array, valueMacs: Iterable<Uint8Array>): boolean {
  const sum = new DataView(new ArrayBuffer(HASH_BYTES));
  for (const mac of valueMacs) {
    const expanded = hkdf(sha256, mac, undefined, INFO, HASH_BYTES);
    const lanes = new DataView(expanded.buffer, expanded.byteOffset, HASH_BYTES);
    for (let at = 0; at < HASH_BYTES; at += 2)
      sum.setUint16(at, (sum.getUint16(at, true) + lanes.getUint16(at, true)) & 0xffff, true);
  }
  return sameBytes(new Uint8Array(sum.buffer), hash);
}
