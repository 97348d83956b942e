/** Checks of arguments that `encodeMessage` does not make. */
import { isBytes } from "../bytes/mod.ts";
import { ArgumentRangeError, ArgumentTypeError, requireIntegerWithin, requireObject } from "../errors/mod.ts";

/** Checks bytes and, when `length` is set, their length. @throws {TypeError | RangeError} */
export function requireBytes(action: string, what: string, value: Uint8Array, length?: number): Uint8Array {
  if (!isBytes(value)) throw new ArgumentTypeError(`${action}: ${what} is not a Uint8Array`);
  if (length !== undefined && value.length !== length) {
    throw new ArgumentRangeError(`${action}: ${what} is ${value.length} bytes, expected ${length}`);
  }
  return value;
}

/** As `requireBytes`; returns `undefined` for an absent or empty value. */
export function optionalBytes(
  action: string,
  what: string,
  value: Uint8Array | undefined,
  length: number,
): Uint8Array | undefined {
  return value === undefined || value.length === 0 ? undefined : requireBytes(action, what, value, length);
}

/** Converts a time, an integer from 0 to 2^53−1, for a 64-bit field. @throws {RangeError} */
export function requireTime(action: string, what: string, value: number): bigint {
  requireIntegerWithin(`${action}: ${what}`, value, 0, Number.MAX_SAFE_INTEGER);
  return BigInt(value);
}

/** @throws {TypeError} When the value to encode is not an object. */
export function requireParts(action: string, value: unknown): void {
  requireObject(`${action}: it`, value);
}
