import { etc, Point } from "@noble/ed25519";
import { KEY_BYTES, sameBytes } from "../bytes/mod.ts";
import { digest, type Random } from "../ports/mod.ts";
import { clamp, decodeNumber, decodeScalar, encodeNumber, multiplyBase, scalarOf } from "./_curve25519.ts";
import { requireKey, requireRandom } from "./key_pair.ts";

/** Random bytes of one signature (XEdDSA, section 4.4: Z is 64 bytes). */
const NONCE_BYTES = 64;

/**
 * Prefix of hash_1: 2^256 − 1 − 1, little-endian, which no encoded point begins with (XEdDSA, section 2.5).
 */
const HASH_1_PREFIX: Uint8Array = /* @__PURE__ */ new Uint8Array(32).fill(0xff, 1).fill(0xfe, 0, 1);

/** SHA-512 of the parts, as a scalar. */
async function hashToScalar(...parts: Uint8Array[]): Promise<bigint> {
  return decodeScalar(await digest("SHA-512", etc.concatBytes(...parts)));
}

/**
 * Signs with an X25519 private key: XEdDSA over curve25519 as published ("The XEdDSA and VXEdDSA Signature
 * Schemes", revision 1, section 2.3). Anybody can verify it with the X25519 public key. It is randomised: two
 * signatures of one message differ.
 *
 * @param privateKey 32 bytes.
 * @returns 64 bytes, owned by the caller.
 * @throws {RangeError} When the private key is not 32 bytes.
 */
export async function signXeddsa(
  privateKey: Uint8Array,
  message: Uint8Array,
  random: Random,
): Promise<Uint8Array> {
  requireKey("sign: the private key", privateKey);
  requireRandom(random);
  // The key pair of the twisted Edwards curve whose public key has sign bit 0.
  const scalar = decodeScalar(clamp(privateKey));
  const publicKey = multiplyBase(scalar);
  const negative = ((publicKey[31] ?? 0) & 0x80) !== 0;
  publicKey[31] = (publicKey[31] ?? 0) & 0x7f;
  const secret = negative ? scalarOf(-scalar) : scalar;

  const nonce = await hashToScalar(HASH_1_PREFIX, encodeNumber(secret), message, random.bytes(NONCE_BYTES));
  const commitment = multiplyBase(nonce);
  const challenge = await hashToScalar(commitment, publicKey, message);
  return etc.concatBytes(commitment, encodeNumber(scalarOf(nonce + challenge * secret)));
}

/** Bit of the last byte of a signature, and of a point: the sign of the signer's point. */
const SIGN_BIT = 0x80;

/**
 * Whether an XEdDSA signature is of this X25519 key. Earlier signers put the sign of their point into the
 * signature's last bit, in place of signing with the key of sign 0.
 *
 * @param publicKey 32 bytes.
 * @param signature 64 bytes.
 */
export async function isSignedBy(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const { p, n } = Point.CURVE();
  const [r, last] = [signature.subarray(0, KEY_BYTES), signature.slice(KEY_BYTES)];
  const sign = (last[KEY_BYTES - 1] ?? 0) & SIGN_BIT;
  last[KEY_BYTES - 1] = (last[KEY_BYTES - 1] ?? 0) ^ sign;
  const s = decodeNumber(last);
  const u = decodeNumber(publicKey);
  if (s === 0n || s >= n || u >= p - 1n) return false;
  const point = encodeNumber(etc.mod((u - 1n) * etc.invert(u + 1n, p), p));
  point[KEY_BYTES - 1] = (point[KEY_BYTES - 1] ?? 0) | sign;
  const challenge = await hashToScalar(r, point, message);
  try {
    const ours = Point.BASE.multiply(s).subtract(Point.fromBytes(point).multiply(challenge));
    return sameBytes(ours.toBytes(), r);
  } catch {
    // No point has these coordinates.
    return false;
  }
}
