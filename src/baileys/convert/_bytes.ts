/** Bytes in Baileys' JSON, and shared checks of the converters. */

import { decodeBase64, KEY_BYTES, KEY_TYPE, PUBLIC_KEY_BYTES, prefixedKey } from "../../bytes/mod.ts";
import { CorruptError, WrongLengthError } from "../../errors/mod.ts";

/** An index of an array, in its canonical spelling. */
const INDEX = /^(?:0|[1-9][0-9]{0,8})$/;

/** A JSON object with unknown properties. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value is an object, but not `null`, an array or bytes. */
export function isObject(value: unknown): value is JsonObject {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

/**
 * Reads bytes in any encoding that clients use: bytes themselves, base64, `{type: "Buffer", data}` with
 * base64 or an array, and `{"0": n, …}`.
 *
 * @returns A copy; `undefined` when the value is none of these.
 */
export function readBytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (typeof value === "string") return decodeBase64(value);
  if (!isObject(value)) return undefined;
  if (value.type === "Buffer") {
    const data = value.data;
    return Array.isArray(data) ? readOctets(data) : readBytes(data);
  }
  const names = Object.keys(value);
  // JavaScript lists integer property names in ascending order.
  if (!names.every((name, i) => INDEX.test(name) && Number(name) === i)) return undefined;
  return readOctets(Object.values(value));
}

/**
 * As `readBytes`, for required bytes.
 *
 * @param length Expected length in bytes; any length when `undefined`.
 * @throws {CorruptError} When the value is not bytes.
 * @throws {WrongLengthError} When the length differs.
 */
export function requireBytes(action: string, what: string, value: unknown, length?: number): Uint8Array {
  const bytes = readBytes(value);
  if (bytes === undefined) throw new CorruptError(`${action}: ${what} is not bytes`);
  if (length !== undefined && bytes.length !== length) {
    throw new WrongLengthError(`${action}: ${what} is ${bytes.length} bytes, expected ${length}`);
  }
  return bytes;
}

/** Checks that a value is a JSON object. @throws {CorruptError} */
export function requireObject(action: string, what: string, value: unknown): JsonObject {
  if (!isObject(value)) throw new CorruptError(`${action}: ${what} is not an object`);
  return value;
}

/** Checks that a value is an integer of a range, both ends included. @throws {CorruptError} */
export function requireInteger(
  action: string,
  what: string,
  value: unknown,
  range: readonly [min: number, max: number],
): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < range[0] || value > range[1]) {
    throw new CorruptError(`${action}: ${what} is not an integer from ${range[0]} to ${range[1]}`);
  }
  return value;
}

/**
 * Reads a public key with or without its prefix. Returns 33 bytes. @throws {CorruptError | WrongLengthError}
 */
export function requirePublicKey(action: string, what: string, value: unknown): Uint8Array {
  const bytes = requireBytes(action, what, value);
  if (bytes.length === KEY_BYTES) return prefixedKey(bytes);
  if (bytes.length !== PUBLIC_KEY_BYTES) {
    throw new WrongLengthError(`${action}: ${what} is ${bytes.length} bytes, expected ${PUBLIC_KEY_BYTES}`);
  }
  if (bytes[0] !== KEY_TYPE) throw new CorruptError(`${action}: ${what} is of an unknown type`);
  return bytes;
}

/**
 * Parses JSON from text or UTF-8 bytes; returns other values unchanged. @throws {CorruptError} When the text
 * is not JSON.
 */
export function parsedJson(action: string, value: unknown): unknown {
  if (typeof value !== "string" && !(value instanceof Uint8Array)) return value;
  try {
    return JSON.parse(
      typeof value === "string" ? value : new TextDecoder("utf-8", { fatal: true }).decode(value),
    );
  } catch {
    // The parser's error is not kept as the cause, because its message quotes the text, which may contain
    // keys.
    throw new CorruptError(`${action}: not JSON`);
  }
}

function readOctets(values: readonly unknown[]): Uint8Array | undefined {
  const bytes = new Uint8Array(values.length);
  for (const [i, value] of values.entries()) {
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 255) return undefined;
    bytes[i] = value;
  }
  return bytes;
}
