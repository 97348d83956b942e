import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToNumberLE, concatBytes } from "@noble/curves/utils.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { KEY_BYTES } from "../backend/mod.ts";
import type { Random } from "../ports/mod.ts";

const { Point } = ed25519;
const { Fn } = Point;

/** Random bytes of one signature (XEdDSA, section 4.4: Z is 64 bytes). */
const NONCE_BYTES = 64;

/** Prefix of hash_1: 2^256 − 1 − 1, little-endian, which no encoded point begins with (XEdDSA, section 2.5). */
const HASH_1_PREFIX: Uint8Array = /* @__PURE__ */ new Uint8Array(32).fill(0xff, 1).fill(0xfe, 0, 1);

/** SHA-512 of the parts, as a scalar. */
function hashToScalar(...parts: Uint8Array[]): bigint {
  return Fn.create(bytesToNumberLE(sha512(concatBytes(...parts))));
}

/**
 * Signs with an X25519 private key: XEdDSA over curve25519 as published ("The XEdDSA and VXEdDSA Signature Schemes",
 * revision 1, section 2.3). Anybody can verify it with the X25519 public key. It is randomised: two signatures of one
 * message differ.
 *
 * @param privateKey 32 bytes.
 * @returns 64 bytes, owned by the caller.
 * @throws {RangeError} When the private key is not 32 bytes.
 */
export function signXeddsa(privateKey: Uint8Array, message: Uint8Array, random: Random): Uint8Array {
  if (privateKey.length !== KEY_BYTES) {
    throw new RangeError(`sign: private key is ${privateKey.length} bytes, expected ${KEY_BYTES}`);
  }
  // The key pair of the twisted Edwards curve whose public key has sign bit 0.
  const scalar = Fn.create(clamped(privateKey));
  const publicKey = Point.BASE.multiply(scalar).toBytes();
  const negative = ((publicKey[31] ?? 0) & 0x80) !== 0;
  publicKey[31] = (publicKey[31] ?? 0) & 0x7f;
  const secret = negative ? Fn.neg(scalar) : scalar;

  const nonce = hashToScalar(HASH_1_PREFIX, Fn.toBytes(secret), message, random.bytes(NONCE_BYTES));
  const commitment = Point.BASE.multiply(nonce).toBytes();
  const challenge = hashToScalar(commitment, publicKey, message);
  const response = Fn.add(nonce, Fn.mul(challenge, secret));
  return concatBytes(commitment, Fn.toBytes(response));
}

/** The scalar by which X25519 multiplies: the key is clamped when it is used, whether or not it is stored that way. */
function clamped(privateKey: Uint8Array): bigint {
  const bytes = new Uint8Array(privateKey);
  bytes[0] = (bytes[0] ?? 0) & 0xf8;
  bytes[31] = ((bytes[31] ?? 0) & 0x7f) | 0x40;
  return bytesToNumberLE(bytes);
}
