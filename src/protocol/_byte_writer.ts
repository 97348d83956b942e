import { encodeUtf8, isWellFormed } from "../bytes/mod.ts";
import { ArgumentTypeError } from "../errors/mod.ts";

/** Initial size of a writer, in bytes. It doubles when it is full. */
const FIRST_BYTES = 512;

/** Maximum size of a varint: 53 bits with 7 bits per byte. */
const MAX_VARINT_BYTES = 8;

/** Up to this length a loop is faster than `set`. */
const LOOP_BYTES = 32;

/** Writes values sequentially into growing memory. */
export class ByteWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #length = 0;

  /** The written bytes. The writer must not be used afterwards. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  /** Reserves memory for this many further bytes. */
  expect(bytes: number): void {
    this.#reserve(bytes);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** An integer from 0 to 2^53−1. @throws {TypeError} When the value is anything else. */
  varint(value: number): void {
    if (!(Number.isSafeInteger(value) && value >= 0))
      throw new ArgumentTypeError("encode call: not an unsigned integer");
    this.#reserve(MAX_VARINT_BYTES);
    let rest = value;
    // Bit operations work on 32 bits.
    for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 128))
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
    for (; rest > 0x7f; rest >>>= 7) this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#length++] = rest;
  }

  /** An unsigned integer of 64 bits, in 8 bytes. */
  uint64(value: bigint): void {
    this.#reserve(8);
    new DataView(this.#bytes.buffer).setBigUint64(this.#length, value);
    this.#length += 8;
  }

  /** Any number, in 8 bytes. */
  double(value: number): void {
    this.#reserve(8);
    new DataView(this.#bytes.buffer).setFloat64(this.#length, value);
    this.#length += 8;
  }

  /** Length-prefixed bytes. */
  delimited(value: Uint8Array): void {
    const { length } = value;
    this.varint(length);
    this.#reserve(length);
    if (length > LOOP_BYTES) this.#bytes.set(value, this.#length);
    else
      for (let index = 0; index < length; index += 1)
        this.#bytes[this.#length + index] = value[index] as number;
    this.#length += length;
  }

  /** A length-prefixed text in UTF-8. @throws {TypeError} When it has no UTF-8 form. */
  text(value: string): void {
    const start = this.#length;
    this.varint(value.length);
    this.#reserve(value.length);
    for (let index = 0; index < value.length; index += 1) {
      const unit = value.charCodeAt(index);
      if (unit > 0x7f) {
        this.#length = start;
        // Two texts with different lone surrogates would be decoded as the same text.
        if (!isWellFormed(value))
          throw new ArgumentTypeError("encode call: a text is not well-formed Unicode");
        this.delimited(encodeUtf8(value));
        return;
      }
      this.#bytes[this.#length + index] = unit;
    }
    this.#length += value.length;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
