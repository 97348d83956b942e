import { Point } from "@noble/ed25519";
import { hexOf } from "../bytes/mod.ts";

/** Bytes of a scalar and of a field element. */
const ENCODED_BYTES = 32;

/** A number modulo the order of the base point. */
export function scalarOf(value: bigint): bigint {
  return modulo(value, Point.CURVE().n);
}

/** Little-endian bytes of any length, as a scalar. */
export function decodeScalar(bytes: Uint8Array): bigint {
  return scalarOf(decodeNumber(bytes));
}

/** Little-endian bytes of any length, as a number. */
export function decodeNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${hexOf(new Uint8Array(bytes).reverse())}`);
}

/** 32 little-endian bytes of a number below 2^256, owned by the caller. */
export function encodeNumber(value: bigint): Uint8Array {
  const bytes = new Uint8Array(ENCODED_BYTES);
  for (let i = 0, rest = value; i < ENCODED_BYTES; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

/** A copy of a private key in the form that X25519 multiplies by (RFC 7748, section 5). */
export function clamp(privateKey: Uint8Array): Uint8Array {
  const clamped = new Uint8Array(privateKey);
  clamped[0] = (clamped[0] ?? 0) & 0xf8;
  clamped[31] = ((clamped[31] ?? 0) & 0x7f) | 0x40;
  return clamped;
}

/**
 * The base point of the twisted Edwards curve times a secret scalar, encoded: 32 bytes, owned by the caller.
 *
 * @throws {RangeError} When the scalar is 0 or not below the order.
 */
export function multiplyBase(scalar: bigint): Uint8Array {
  const { X, Y, Z } = Point.BASE.multiply(scalar);
  const { p } = Point.CURVE();
  const inverseOfZ = invert(Z);
  return Point.fromAffine({ x: modulo(X * inverseOfZ, p), y: modulo(Y * inverseOfZ, p) }).toBytes();
}

/**
 * The X25519 public key of a private key: 32 bytes, owned by the caller. The multiplication is done on the
 * Edwards curve, and u = (1 + y) / (1 − y) with y = Y / Z (RFC 7748, section 4.1). No clamped key gives the
 * point at infinity: it is 8 times a number below the order, which is prime.
 */
export function montgomeryPublicKey(privateKey: Uint8Array): Uint8Array {
  const { Y, Z } = Point.BASE.multiply(decodeScalar(clamp(privateKey)));
  return encodeNumber(modulo((Z + Y) * invert(Z - Y), Point.CURVE().p));
}

/**
 * The inverse of a field element by Fermat's little theorem. The projective coordinates of a product tell of
 * its secret scalar; the steps taken here depend on nothing but the exponent, unlike Euclid's.
 */
function invert(value: bigint): bigint {
  const { p } = Point.CURVE();
  let result = 1n;
  let power = modulo(value, p);
  for (let exponent = p - 2n; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = (result * power) % p;
    power = (power * power) % p;
  }
  return result;
}

function modulo(value: bigint, divisor: bigint): bigint {
  const rest = value % divisor;
  return rest < 0n ? rest + divisor : rest;
}
