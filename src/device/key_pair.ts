import type { KeyPair } from "../backend/mod.ts";
import { KEY_BYTES, prefixedKey } from "../bytes/mod.ts";
import type { Random } from "../ports/mod.ts";
import { clamp, montgomeryPublicKey } from "./_curve25519.ts";

/**
 * A fresh X25519 key pair, owned by the caller. The private key is clamped (RFC 7748, section 5), the form in
 * which Signal implementations store it.
 */
export function generateKeyPair(random: Random): KeyPair {
  const privateKey = clamp(random.bytes(KEY_BYTES));
  return { privateKey, publicKey: montgomeryPublicKey(privateKey) };
}

/** A public key in Signal's encoding: 33 bytes, the type byte 0x05 and the key. */
export function signalPublicKey(publicKey: Uint8Array): Uint8Array {
  return prefixedKey(publicKey);
}
