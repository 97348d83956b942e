import { KEY_BYTES, KEY_TYPE, PUBLIC_KEY_BYTES } from "../bytes/mod.ts";
import { CorruptError, WrongLengthError } from "../errors/mod.ts";
import { fieldLabel, type Message } from "../protobuf/mod.ts";

/** The names of the fields of `T` with values of type `V`. */
type FieldOf<T, V> = { [Name in keyof T & string]-?: T[Name] extends V | undefined ? Name : never }[keyof T &
  string];

/** Checks the fields of a decoded message. A failed check means that the stored bytes are damaged. */
export class StoredMessage<T extends Message> {
  readonly #message: T;
  readonly #action: string;

  /** @param action Begins the errors' messages, such as `decode session`. */
  constructor(message: T, action: string) {
    this.#message = message;
    this.#action = action;
  }

  /** The value of a field. @throws {CorruptError} When it is missing. */
  require<Name extends keyof T & string>(name: Name): NonNullable<T[Name]> {
    const value = this.#message[name];
    if (value === undefined || value === null) throw this.#corrupt(name, "is missing");
    return value;
  }

  /** Checks a bytes field that may be absent or empty. @throws {WrongLengthError} */
  checkLength(name: FieldOf<T, Uint8Array>, length: number): void {
    const value = this.#message[name] as Uint8Array | undefined;
    if (value !== undefined && value.length !== 0) this.#requireLength(name, value, length);
  }

  /** A copy of a bytes field; checks `length` when it is set. @throws {CorruptError | WrongLengthError} */
  bytes(name: FieldOf<T, Uint8Array>, length?: number): Uint8Array {
    const value = this.require(name) as unknown as Uint8Array;
    if (length !== undefined) this.#requireLength(name, value, length);
    return new Uint8Array(value);
  }

  /** As `bytes`; returns `undefined` when the field is absent or empty. @throws {WrongLengthError} */
  optionalBytes(name: FieldOf<T, Uint8Array>, length?: number): Uint8Array | undefined {
    const value = this.#message[name] as Uint8Array | undefined;
    return value === undefined || value.length === 0 ? undefined : this.bytes(name, length);
  }

  /**
   * A public key of 32 bytes, stored with or without its prefix. @throws {WrongLengthError | CorruptError}
   */
  publicKey(name: FieldOf<T, Uint8Array>): Uint8Array {
    const value = this.require(name) as unknown as Uint8Array;
    if (value.length !== PUBLIC_KEY_BYTES) return this.bytes(name, KEY_BYTES);
    if (value[0] !== KEY_TYPE) throw this.#corrupt(name, "is of an unknown type");
    return value.slice(1);
  }

  /** A 64-bit integer as a number. @throws {CorruptError} When it is absent, negative or above 2^53−1. */
  integer(name: FieldOf<T, bigint>): number {
    const value = this.require(name) as unknown as bigint;
    if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.#corrupt(name, "is out of range");
    return Number(value);
  }

  #requireLength(name: string, value: Uint8Array, length: number): void {
    if (value.length === length) return;
    throw new WrongLengthError(
      `${this.#action}: ${fieldLabel(name)} is ${value.length} bytes, expected ${length}`,
    );
  }

  #corrupt(name: string, state: string): CorruptError {
    return new CorruptError(`${this.#action}: ${fieldLabel(name)} ${state}`);
  }
}
