/** Length of a private key, of a chain's key, and of a public key without its prefix. */
export const KEY_BYTES = 32;

/** Length of a public key with its prefix, as Signal's records and messages hold it. */
export const PUBLIC_KEY_BYTES = 33;

/** Type byte of an X25519 public key in Signal's encoding: the prefix. */
export const KEY_TYPE = 0x05;

/** Length of an XEdDSA signature. */
export const SIGNATURE_BYTES = 64;

/** Greatest pre-key and signed pre-key id: messages carry ids as 24-bit integers. */
export const MAX_KEY_ID: number = 2 ** 24 - 1;

/** Greatest unsigned 32-bit integer: counters, registration ids, key indexes. */
export const MAX_UINT32 = 0xffff_ffff;

/** Returns a copy of a 32-byte public key with its prefix, 33 bytes. */
export function prefixedKey(publicKey: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(PUBLIC_KEY_BYTES);
  bytes[0] = KEY_TYPE;
  bytes.set(publicKey, 1);
  return bytes;
}
