import { isWellFormed } from "../bytes/mod.ts";
import { ArgumentRangeError, ArgumentTypeError } from "../errors/mod.ts";
/** Most UTF-16 code units of a text key (address, JID, message id). The longest in the field are below 200. */
export const MAX_TEXT_LENGTH = 1_024;

/** Greatest pre-key and signed pre-key id: ids travel as 24-bit integers. */
export const MAX_KEY_ID: number = 2 ** 24 - 1;

/**
 * Checks a text key.
 *
 * @throws {TypeError} When it is no string, empty, longer than 1,024 code units, holds a NUL (some drivers end a text
 * there) or a lone surrogate.
 */
export function requireText(what: string, value: unknown): asserts value is string {
  if (typeof value !== "string") throw new ArgumentTypeError(`${what} is not a string`);
  if (value.length === 0) throw new ArgumentTypeError(`${what} is empty`);
  if (value.length > MAX_TEXT_LENGTH) {
    throw new ArgumentTypeError(
      `${what} is ${value.length} characters, at most ${MAX_TEXT_LENGTH} are allowed`,
    );
  }
  if (value.includes("\0")) throw new ArgumentTypeError(`${what} contains a NUL`);
  if (!isWellFormed(value)) throw new ArgumentTypeError(`${what} is not well-formed Unicode`);
}

/** Whether a value is a text that a store accepts as a key: see `requireText`. */
export function isText(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value.length > 0 &&
    value.length <= MAX_TEXT_LENGTH &&
    !value.includes("\0") &&
    isWellFormed(value)
  );
}

/** Checks the name of an account, as whatever opens a backend must: any text key is one. @throws {TypeError} */
export function requireAccountName(name: unknown): asserts name is string {
  requireText("open account: name", name);
}

/** Checks that a value is bytes and has at least `minBytes` of them. @throws {TypeError | RangeError} */
export function requireBytes(what: string, value: unknown, minBytes: number): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array)) throw new ArgumentTypeError(`${what} is not a Uint8Array`);
  if (value.byteLength < minBytes) {
    throw new ArgumentRangeError(`${what} is ${value.byteLength} bytes, expected at least ${minBytes}`);
  }
}

/** Checks that a value is bytes of exactly one length. @throws {TypeError | RangeError} */
export function requireExactBytes(what: string, value: unknown, bytes: number): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array)) throw new ArgumentTypeError(`${what} is not a Uint8Array`);
  if (value.byteLength !== bytes)
    throw new ArgumentRangeError(`${what} is ${value.byteLength} bytes, expected ${bytes}`);
}

/** Checks an integer against its range, both ends included. @throws {TypeError | RangeError} */
export function requireInteger(
  what: string,
  value: unknown,
  min: number,
  max: number,
): asserts value is number {
  if (typeof value !== "number") throw new ArgumentTypeError(`${what} is not a number`);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new ArgumentRangeError(`${what} is ${value}, expected an integer from ${min} to ${max}`);
  }
}

/** Checks an unsigned 64-bit integer. @throws {TypeError | RangeError} */
export function requireUint64(what: string, value: unknown): asserts value is bigint {
  if (typeof value !== "bigint") throw new ArgumentTypeError(`${what} is not a bigint`);
  if (value < 0n || value > 0xffff_ffff_ffff_ffffn)
    throw new ArgumentRangeError(`${what} is out of the unsigned 64-bit range`);
}

/** Checks a value against a closed list. @throws {TypeError} */
export function requireOneOf(what: string, value: unknown, allowed: readonly string[]): void {
  if (typeof value !== "string" || !allowed.includes(value))
    throw new ArgumentTypeError(`${what} is none of ${allowed.join(", ")}`);
}
