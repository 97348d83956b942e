/** Checks of arguments. All bytes are copied, so later changes by the caller have no effect. */
import { isBytes, KEY_BYTES, KEY_TYPE, MAX_UINT32, PUBLIC_KEY_BYTES } from "../bytes/mod.ts";
import { ArgumentRangeError, ArgumentTypeError, requireFunction } from "../errors/mod.ts";
import type { Allocate } from "../protobuf/mod.ts";

/**
 * Copies bytes of a required length. @throws {TypeError} When the value is not bytes. @throws {RangeError}
 * When it has another length.
 */
export function copyBytes(what: string, value: Uint8Array, length: number = KEY_BYTES): Uint8Array {
  if (!isBytes(value)) throw new ArgumentTypeError(`${what}: not a Uint8Array`);
  if (value.length !== length)
    throw new ArgumentRangeError(`${what}: ${value.length} bytes, expected ${length}`);
  return new Uint8Array(value);
}

/** Copies a public key of 33 bytes. @throws {TypeError | RangeError} */
export function copyPublicKey(what: string, value: Uint8Array): Uint8Array {
  const key = copyBytes(what, value, PUBLIC_KEY_BYTES);
  if (key[0] !== KEY_TYPE) throw new ArgumentRangeError(`${what}: the key is of an unknown type`);
  return key;
}

/** @throws {RangeError} When the value is not an integer from 0 to 2^32−1. */
export function requireUint32(what: string, value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > MAX_UINT32) {
    throw new ArgumentRangeError(`${what}: not an integer from 0 to ${MAX_UINT32}`);
  }
  return value;
}

/** @throws {RangeError} When the value is not a signed 32-bit integer. */
export function requireInt32(what: string, value: number): number {
  if (!Number.isInteger(value) || value !== (value | 0)) {
    throw new ArgumentRangeError(`${what}: not an integer from -2147483648 to 2147483647`);
  }
  return value;
}

/** @throws {TypeError} When the value is not an instance of the class, which `name` names in the message. */
export function requireInstance(
  what: string,
  name: string,
  type: { is(value: unknown): boolean },
  value: unknown,
): void {
  if (!type.is(value)) throw new ArgumentTypeError(`${what}: not a ${name}`);
}

/** A caller's allocator that answers with bytes of the length asked for, or throws. @throws {TypeError} */
export function checkedAllocate(action: string, allocate: Allocate | undefined): Allocate | undefined {
  if (allocate === undefined) return undefined;
  requireFunction(`${action}: allocate`, allocate);
  return (length) => {
    const bytes = allocate(length);
    if (isBytes(bytes) && bytes.length === length) return bytes;
    throw new ArgumentTypeError(`${action}: allocate returned no bytes of the length asked for`);
  };
}
