import { type Allocate, allocateAlone } from "./encoding_slab.ts";

/** Up to this length a loop is faster than `set`, which calls native code. */
const LOOP_BYTES = 64;

const NEGATIVE_VARINT_BYTES = 10;

/** Bytes of an unsigned 32-bit number as a varint. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

/** Bytes of a 64-bit number as a varint; a negative number is its two's complement. */
export function varint64Size(value: bigint): number {
  let size = 1;
  for (let rest = BigInt.asUintN(64, value); rest >= 0x80n; rest >>= 7n) size++;
  return size;
}

/** Bytes of a field with a one-byte tag and a length and its content; 0 when it is absent. */
export function bytesFieldSize(value: Uint8Array | undefined): number {
  return value === undefined ? 0 : delimitedSize(value.length);
}

/** Bytes of a field with a one-byte tag and an unsigned 32-bit number; 0 when it is absent. */
export function uint32FieldSize(value: number | undefined): number {
  return value === undefined ? 0 : 1 + varintSize(value);
}

/** Bytes of a field with a one-byte tag and a signed 32-bit number; 0 when it is absent. */
export function int32FieldSize(value: number | undefined): number {
  if (value === undefined) return 0;
  return value < 0 ? 1 + NEGATIVE_VARINT_BYTES : 1 + varintSize(value);
}

/** Bytes of a field with a one-byte tag, a length and that many bytes. */
export function delimitedSize(length: number): number {
  return 1 + varintSize(length) + length;
}

/**
 * Writes protobuf fields into memory of the exact size, which the caller computes beforehand: `bytes` is
 * allocated once and is the result.
 */
export class WireWriter {
  /** Complete once `size` bytes are written; then the caller owns it. */
  readonly bytes: Uint8Array;
  #pos = 0;

  constructor(size: number, allocate: Allocate = allocateAlone) {
    this.bytes = allocate(size);
  }

  /** An unsigned 32-bit number, such as a tag or a length. */
  varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.#pos++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.#pos++] = rest;
  }

  /** A 64-bit number; a negative number is its two's complement. */
  varint64(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    for (; rest >= 0x80n; rest >>= 7n) this.bytes[this.#pos++] = Number(rest & 0x7fn) | 0x80;
    this.bytes[this.#pos++] = Number(rest);
  }

  /** An unsigned number in eight bytes. */
  fixed64(value: bigint): void {
    this.#view64().setBigUint64(0, value, true);
  }

  double(value: number): void {
    this.#view64().setFloat64(0, value, true);
  }

  /** Bytes without a length. */
  raw(value: Uint8Array): void {
    const length = value.length;
    if (length > LOOP_BYTES) this.bytes.set(value, this.#pos);
    else for (let i = 0; i < length; i++) this.bytes[this.#pos + i] = value[i] as number;
    this.#pos += length;
  }

  /** A field of bytes; omitted when absent. */
  bytesField(tag: number, value: Uint8Array | undefined): void {
    if (value === undefined) return;
    this.varint(tag);
    this.varint(value.length);
    this.raw(value);
  }

  /** A field with an unsigned number; omitted when absent. */
  uint32Field(tag: number, value: number | undefined): void {
    if (value === undefined) return;
    this.varint(tag);
    this.varint(value);
  }

  /**
   * A field with a signed number; omitted when absent. A negative number takes ten bytes, as protobuf
   * requires.
   */
  int32Field(tag: number, value: number | undefined): void {
    if (value === undefined) return;
    this.varint(tag);
    if (value >= 0) this.varint(value);
    else this.varint64(BigInt(value));
  }

  boolField(tag: number, value: boolean | undefined): void {
    if (value !== undefined) this.uint32Field(tag, value ? 1 : 0);
  }

  #view64(): DataView {
    this.#pos += 8;
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + this.#pos - 8, 8);
  }
}
