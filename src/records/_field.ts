/** Checks that the codecs of this folder share. A stored value that fails is damage, a given one the caller's mistake. */
import { type DescField, type DescMessage, isFieldSet, type MessageShape } from "@bufbuild/protobuf";
import { ArgumentRangeError, ArgumentTypeError, CorruptError, WrongLengthError } from "../errors/mod.ts";

/** Length of a private key, and of a public key without its prefix. */
export const KEY_BYTES = 32;

/** Length of an XEdDSA signature. */
export const SIGNATURE_BYTES = 64;

/** Type byte of an X25519 public key in Signal's encoding. */
export const KEY_TYPE = 0x05;

/** What is being decoded: names the action in errors and knows which fields the message has. */
export class StoredMessage<Schema extends DescMessage> {
  readonly #message: MessageShape<Schema>;
  readonly #action: string;

  constructor(message: MessageShape<Schema>, action: string) {
    this.#message = message;
    this.#action = action;
  }

  /** Whether the field was in the bytes. */
  has(field: DescField): boolean {
    return isFieldSet(this.#message, field);
  }

  /** @throws {CorruptError} When the field was not in the bytes. */
  require(field: DescField): void {
    if (!this.has(field)) throw new CorruptError(`${this.#action}: ${label(field)} is missing`);
  }

  /** Checks a bytes field that may be absent or empty. @throws {WrongLengthError} */
  checkLength(field: DescField, value: Uint8Array, length: number): void {
    if (!this.has(field) || value.length === 0 || value.length === length) return;
    throw new WrongLengthError(
      `${this.#action}: ${label(field)} is ${value.length} bytes, expected ${length}`,
    );
  }

  /** A copy of a bytes field of one length. @throws {CorruptError | WrongLengthError} */
  bytes(field: DescField, value: Uint8Array, length: number): Uint8Array {
    this.require(field);
    if (value.length !== length) {
      throw new WrongLengthError(
        `${this.#action}: ${label(field)} is ${value.length} bytes, expected ${length}`,
      );
    }
    return new Uint8Array(value);
  }

  /** A copy of a bytes field of one length, `undefined` when it is absent or empty. @throws {WrongLengthError} */
  optionalBytes(field: DescField, value: Uint8Array, length: number): Uint8Array | undefined {
    return this.has(field) && value.length > 0 ? this.bytes(field, value, length) : undefined;
  }

  /** A public key of 32 bytes, stored with or without its prefix. @throws {WrongLengthError | CorruptError} */
  publicKey(field: DescField, value: Uint8Array): Uint8Array {
    this.require(field);
    if (value.length !== KEY_BYTES + 1) return this.bytes(field, value, KEY_BYTES);
    if (value[0] !== KEY_TYPE)
      throw new CorruptError(`${this.#action}: ${label(field)} is of an unknown type`);
    return new Uint8Array(value.subarray(1));
  }

  /** A 64-bit integer as a number. @throws {CorruptError} When it is negative or above 2^53−1. */
  integer(field: DescField, value: bigint): number {
    this.require(field);
    if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new CorruptError(`${this.#action}: ${label(field)} is out of range`);
    }
    return Number(value);
  }
}

/** Checks bytes given by a caller. @throws {TypeError | RangeError} */
export function requireBytes(action: string, what: string, value: Uint8Array, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new ArgumentTypeError(`${action}: ${what} is not a Uint8Array`);
  if (length !== undefined && value.length !== length) {
    throw new ArgumentRangeError(`${action}: ${what} is ${value.length} bytes, expected ${length}`);
  }
  return value;
}

/** Checks a number given by a caller. @throws {RangeError} When it is not an integer from `min` to `max`. */
export function requireInteger(
  action: string,
  what: string,
  value: number,
  range: readonly [number, number],
): number {
  const [min, max] = range;
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new ArgumentRangeError(`${action}: ${what} is not an integer from ${min} to ${max}`);
  }
  return value;
}

/** A 32-byte public key with its prefix, as Signal's records hold it. */
export function prefixedKey(publicKey: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(KEY_BYTES + 1);
  bytes[0] = KEY_TYPE;
  bytes.set(publicKey, 1);
  return bytes;
}

function label(field: DescField): string {
  return field.name.replaceAll("_", " ");
}
