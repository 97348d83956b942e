import { joinBytes, KEY_BYTES, sameBytes } from "../bytes/mod.ts";
import { digest, type Random } from "../ports/mod.ts";
import { clamp, decodeNumber, decodeScalar, encodeNumber, multiplyBase, scalarOf } from "./_curve25519.ts";
import { requireKey, requireRandom } from "./key_pair.ts";

/** Random bytes of one signature (XEdDSA, section 4.4: Z is 64 bytes). */
const NONCE_BYTES = 64;

/**
 * Prefix of hash_1: 2^256 − 1 − 1, little-endian, which no encoded point begins with (XEdDSA, section 2.5).
 */
const HASH_1_PREFIX: Uint8Array = /* @__PURE__ */ new Uint8Array(32).fill(0xff, 1).fill(0xfe, 0, 1);

/** Bit of the last byte of a signature, and of a point: the sign of the signer's point. */
const SIGN_BIT = 0x80;

/** SHA-512 of the parts, as a scalar. */
async function hashToScalar(...parts: Uint8Array[]): Promise<bigint> {
  return decodeScalar(await digest("SHA-512", joinBytes(parts)));
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
  const [secret, point] = edwardsKey(privateKey, 0);
  const nonce = await hashToScalar(HASH_1_PREFIX, encodeNumber(secret), message, random.bytes(NONCE_BYTES));
  const commitment = multiplyBase(nonce);
  const challenge = await hashToScalar(commitment, point, message);
  return joinBytes([commitment, encodeNumber(scalarOf(nonce + challenge * secret))]);
}

/**
 * Whether an XEdDSA signature is of this X25519 key. Earlier signers put the sign of their point into the
 * signature's last bit, in place of signing with the key of sign 0.
 *
 * @param privateKey 32 bytes. With it, no point has to be found from the public key.
 * @param signature 64 bytes.
 */
export async function isSignedBy(
  privateKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const last = signature.slice(KEY_BYTES);
  const sign = (last[31] ?? 0) & SIGN_BIT;
  last[31] = (last[31] ?? 0) ^ sign;
  const s = decodeNumber(last);
  if (s !== scalarOf(s)) return false;
  const r = signature.subarray(0, KEY_BYTES);
  const [secret, point] = edwardsKey(privateKey, sign);
  const challenge = await hashToScalar(r, point, message);
  return sameBytes(multiplyBase(scalarOf(s - challenge * secret)), r);
}

/** The secret scalar and the public point of the twisted Edwards curve that has this sign bit. */
function edwardsKey(privateKey: Uint8Array, sign: number): readonly [bigint, Uint8Array] {
  const scalar = decodeScalar(clamp(privateKey));
  const point = multiplyBase(scalar);
  const last = point[31] ?? 0;
  if ((last & SIGN_BIT) === sign) return [scalar, point];
  point[31] = last ^ SIGN_BIT;
  return [scalarOf(-scalar), point];
}
