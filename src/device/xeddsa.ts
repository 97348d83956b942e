import { etc } from "@noble/ed25519";
import { digest, type Random } from "../ports/mod.ts";
import { clamp, decodeScalar, encodeNumber, multiplyBase, scalarOf } from "./_curve25519.ts";
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
