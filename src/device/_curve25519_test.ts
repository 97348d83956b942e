import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import {
  bytesToHex,
  bytesToNumberLE,
  concatBytes,
  hexToBytes,
  numberToBytesLE,
} from "@noble/curves/utils.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { expect, test } from "vitest";
import { SeededRandom } from "../testing/mod.ts";
import { clamp } from "./_curve25519.ts";
import { generateKeyPair, signXeddsa } from "./mod.ts";

const SEED = 7748;
const { Point } = ed25519;
const { Fn } = Point;

/** u = 9, the base point of X25519. */
const BASE_U = numberToBytesLE(9n, 32);

/** The key pair made from exactly these bytes. */
function keyPairOf(privateKey: Uint8Array) {
  return generateKeyPair({ bytes: () => new Uint8Array(privateKey) });
}

/** XEdDSA as it is published, step by step, over another implementation of the curve. */
function expectedSignature(privateKey: Uint8Array, message: Uint8Array, z: Uint8Array): Uint8Array {
  const hash = (...parts: Uint8Array[]) => Fn.create(bytesToNumberLE(sha512(concatBytes(...parts))));
  const k = Fn.create(bytesToNumberLE(clamp(privateKey)));
  const e = Point.BASE.multiply(k);
  const a = e.x % 2n === 1n ? Fn.neg(k) : k;
  const publicKey = Point.BASE.multiply(a).toBytes();
  const prefix = new Uint8Array(32).fill(0xff);
  prefix[0] = 0xfe;
  const r = hash(prefix, Fn.toBytes(a), message, z);
  const commitment = Point.BASE.multiply(r).toBytes();
  const h = hash(commitment, publicKey, message);
  return concatBytes(commitment, Fn.toBytes(Fn.add(r, Fn.mul(h, a))));
}

/**
 * Private keys at the edges: of the clamped range, and of the order where the product is near a multiple of
 * it.
 */
const EDGE_KEYS: readonly Uint8Array[] = [
  new Uint8Array(32),
  new Uint8Array(32).fill(0xff),
  numberToBytesLE(1n, 32),
  numberToBytesLE(7n, 32),
  numberToBytesLE(9n, 32),
  numberToBytesLE(2n ** 254n + 8n, 32),
  numberToBytesLE(2n ** 255n - 16n, 32),
  // Scalars 4, −1, 2 and −3 modulo the order: the multiples of 8 that are nearest to 4, 5, 6 and 7 times it.
  numberToBytesLE(4n * Fn.ORDER + 4n, 32),
  numberToBytesLE(5n * Fn.ORDER - 1n, 32),
  numberToBytesLE(6n * Fn.ORDER + 2n, 32),
  numberToBytesLE(7n * Fn.ORDER - 3n, 32),
];

test.each([
  [
    "section 6.1, Alice",
    "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
  ],
  [
    "section 6.1, Bob",
    "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
    "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
  ],
  [
    "section 5.2, one iteration",
    "0900000000000000000000000000000000000000000000000000000000000000",
    "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079",
  ],
])("a public key of RFC 7748: %s", (_, privateKey, publicKey) => {
  expect(bytesToHex(keyPairOf(hexToBytes(privateKey)).publicKey)).toBe(publicKey);
});

test("public keys are those of a Montgomery ladder over u = 9", () => {
  const random = new SeededRandom(SEED);
  const keys = [...EDGE_KEYS, ...Array.from({ length: 200 }, () => random.bytes(32))];
  for (const key of keys) {
    const { privateKey, publicKey } = keyPairOf(key);
    expect(bytesToHex(privateKey)).toBe(bytesToHex(clamp(key)));
    expect(bytesToHex(publicKey)).toBe(bytesToHex(x25519.scalarMult(key, BASE_U)));
  }
});

test("signatures are those of another implementation of XEdDSA", async () => {
  const random = new SeededRandom(SEED);
  const keys = [...EDGE_KEYS, ...Array.from({ length: 100 }, () => random.bytes(32))];
  for (const key of keys) {
    const message = random.bytes(random.below(200));
    const z = random.bytes(64);
    const signature = await signXeddsa(key, message, { bytes: () => z });
    expect(bytesToHex(signature)).toBe(bytesToHex(expectedSignature(key, message, z)));
  }
});
