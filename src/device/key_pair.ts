import type { KeyPair } from "../backend/mod.ts";
import { isBytes, KEY_BYTES, prefixedKey } from "../bytes/mod.ts";
import { ArgumentRangeError, requireFunction } from "../errors/mod.ts";
import type { Random } from "../ports/mod.ts";
import { clamp, montgomeryPublicKey } from "./_curve25519.ts";

/**
 * A fresh X25519 key pair, owned by the caller. The private key is clamped (RFC 7748, section 5), the form in
 * which Signal implementations store it.
 */
export function generateKeyPair(random: Random): KeyPair {
  requireRandom(random);
  const privateKey = clamp(random.bytes(KEY_BYTES));
  return { privateKey, publicKey: montgomeryPublicKey(privateKey) };
}

/** The key pair of a stored private key, of which the caller owns a copy. @throws {RangeError} */
export function keyPairOf(privateKey: Uint8Array): KeyPair {
  requireKey("derive public key: the private key", privateKey);
  return { privateKey: new Uint8Array(privateKey), publicKey: montgomeryPublicKey(privateKey) };
}

/** A public key in Signal's encoding: 33 bytes, the type byte 0x05 and the key. */
export function signalPublicKey(publicKey: Uint8Array): Uint8Array {
  requireKey("encode public key: it", publicKey);
  return prefixedKey(publicKey);
}

/** @throws {RangeError} When a key is not 32 bytes. */
export function requireKey(what: string, key: unknown): void {
  if (isBytes(key) && key.length === KEY_BYTES) return;
  throw new ArgumentRangeError(`${what} is not a Uint8Array of ${KEY_BYTES} bytes`);
}

/** @throws {TypeError} When the value is no source of randomness. */
export function requireRandom(random: Random | undefined): void {
  requireFunction("random.bytes", random?.bytes);
}
