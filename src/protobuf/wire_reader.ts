import { decodeUtf8 } from "../bytes/mod.ts";
import { CorruptError, WrongLengthError } from "../errors/mod.ts";

/** Wire types of protobuf, except the two for groups, which no schema uses. */
export const VARINT = 0;
export const BITS_64 = 1;
export const DELIMITED = 2;
const BITS_32 = 5;

/** Smallest tag: field number 1. The greatest number, 2^29−1, needs 32 bits with its wire type. */
const MIN_TAG = 8;

/** Maximum bits of a varint: ten bytes. */
const MAX_VARINT_BITS = 70;

const HIGH_BITS_OF_NEGATIVE = 0xffff_ffff;

/** No bytes. Shared, because an empty array cannot change. */
export const EMPTY: Uint8Array = new Uint8Array(0);

/** A part of memory. To create a view of it takes longer than to check its bytes. */
export interface Place {
  readonly source: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/**
 * Reads protobuf fields sequentially.
 *
 * It checks each length against the available bytes before it allocates or moves, and every step moves
 * forward. `bytes()`, `key()`, `remaining()` and `join()` return views of the reader's memory.
 *
 * Fields are read by the caller's loop: `while (reader.more()) switch (reader.tag()) …`, with `unknown` for
 * the fields that the loop does not handle.
 */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #action: string;
  readonly #offset: number;
  /**
   * The memory of `bytes`, read once, for the first view: reading `buffer` of a small array makes the engine
   * move its bytes.
   */
  #buffer: ArrayBufferLike | undefined;
  #pos: number;
  #end: number;
  /** Upper 32 bits of the last varint. */
  #high = 0;
  /** Position of the last tag. */
  #tagAt = 0;

  /** @param action Begins the errors' messages, such as `decode session`. */
  constructor(bytes: Uint8Array, action: string) {
    this.#bytes = bytes;
    this.#action = action;
    this.#offset = bytes.byteOffset;
    this.#pos = 0;
    this.#end = bytes.length;
  }

  /** Whether the current message has more fields. */
  more(): boolean {
    return this.#pos < this.#end;
  }

  /** The next field's number and wire type, `number * 8 + type`. @throws {CorruptError} */
  tag(): number {
    const at = this.#pos;
    this.#tagAt = at;
    // Fast path: most tags are one byte, and reading tags takes a fifth of the time to decode a session.
    const byte = at < this.#end ? (this.#bytes[at] as number) : 0;
    if (byte >= MIN_TAG && byte < 0x80) {
      this.#pos = at + 1;
      return byte;
    }
    const tag = this.#varint();
    if (this.#high !== 0 || tag < MIN_TAG) throw this.corrupt("illegal field number");
    return tag;
  }

  /** @throws {CorruptError} When the value has more than 32 bits. */
  uint32(): number {
    const value = this.#varint();
    if (this.#high !== 0) throw this.corrupt("a number is out of range");
    return value;
  }

  /** @throws {CorruptError} When the value has more than 32 bits. */
  int32(): number {
    const value = this.#varint() | 0;
    // Most writers encode negative numbers as 64 bits, some as 32.
    if (this.#high !== 0 && !(this.#high === HIGH_BITS_OF_NEGATIVE && value < 0)) {
      throw this.corrupt("a number is out of range");
    }
    return value;
  }

  /** @throws {CorruptError} When the value has more than 32 bits. */
  bool(): boolean {
    return this.uint32() !== 0;
  }

  /** An unsigned number of up to 64 bits. @throws {CorruptError} */
  uint64(): bigint {
    const low = this.#varint();
    return (BigInt(this.#high) << 32n) | BigInt(low);
  }

  /** An unsigned number in eight bytes. @throws {CorruptError} */
  fixed64(): bigint {
    return this.#view64().getBigUint64(0, true);
  }

  /** @throws {CorruptError} */
  double(): number {
    return this.#view64().getFloat64(0, true);
  }

  /** A text; keeps a byte order mark. @throws {CorruptError} When it is not UTF-8. */
  text(): string {
    const text = decodeUtf8(this.bytes());
    if (text === undefined) throw this.corrupt("text is not UTF-8");
    return text;
  }

  /** A view of a field's bytes. @throws {CorruptError} */
  bytes(): Uint8Array {
    const start = this.#delimited();
    return this.#view(start, this.#pos);
  }

  /**
   * A view of a field's bytes, which must be empty or `length` long.
   *
   * @param type The first byte that bytes must have.
   * @throws {CorruptError | WrongLengthError}
   */
  key(what: string, length: number, type?: number): Uint8Array {
    const actual = this.skipKey(what, length, type);
    return this.#view(this.#pos - actual, this.#pos);
  }

  /**
   * Skips a field that `key` would read.
   *
   * @returns The number of its bytes.
   * @throws {CorruptError | WrongLengthError}
   */
  skipKey(what: string, length: number, type?: number): number {
    const start = this.#delimited();
    const actual = this.#pos - start;
    if (actual === 0) return 0;
    if (actual !== length)
      throw new WrongLengthError(`${this.#action}: ${what} is ${actual} bytes, expected ${length}`);
    if (type !== undefined && this.#bytes[start] !== type)
      throw this.corrupt(`${what} is of an unknown type`);
    return actual;
  }

  /**
   * Narrows the reader to the message in the field. @returns The argument for `leave`. @throws {CorruptError}
   */
  enter(): number {
    const outer = this.#end;
    const start = this.#delimited();
    this.#end = this.#pos;
    this.#pos = start;
    return outer;
  }

  /** A view of the rest of the current message. */
  remaining(): Uint8Array {
    return this.#view(this.#pos, this.#end);
  }

  /** As `remaining`, without a view. */
  place(): Place {
    return { source: this.#bytes, start: this.#pos, end: this.#end };
  }

  /** Returns to the outer message, at the end of the inner one. */
  leave(outer: number): void {
    this.#pos = this.#end;
    this.#end = outer;
  }

  /**
   * Skips the field of the last tag.
   *
   * @param known Bit mask of the numbers that the caller's loop handles: such a field has the wrong wire type
   * here.
   * @param rest Spans of the fields skipped so far in this message.
   * @returns The spans including this field's.
   * @throws {CorruptError}
   */
  unknown(tag: number, known: number, rest: number[] | undefined): number[] {
    const number = tag >>> 3;
    if (number < 32 && ((known >>> number) & 1) === 1) {
      throw this.corrupt(`field ${number} has the wrong wire type`);
    }
    this.skip(tag & 7);
    return this.span(rest);
  }

  /** Adds the last skipped field to `spans`. */
  span(spans: number[] | undefined): number[] {
    const start = this.#tagAt;
    if (spans === undefined) return [start, this.#pos];
    if (spans[spans.length - 1] === start) spans[spans.length - 1] = this.#pos;
    else spans.push(start, this.#pos);
    return spans;
  }

  /** Skips the value of a field. @throws {CorruptError} */
  skip(wireType: number): void {
    switch (wireType) {
      case VARINT:
        this.#varint();
        return;
      case BITS_64:
        this.#advance(8);
        return;
      case DELIMITED:
        this.#delimited();
        return;
      case BITS_32:
        this.#advance(4);
        return;
      default:
        throw this.corrupt("illegal wire type");
    }
  }

  /** The bytes of spans, in order; a view when there is one span. */
  join(spans: readonly number[] | undefined): Uint8Array {
    if (spans === undefined) return EMPTY;
    if (spans.length === 2) return this.#view(spans[0] as number, spans[1] as number);
    let length = 0;
    for (let i = 0; i < spans.length; i += 2) length += (spans[i + 1] as number) - (spans[i] as number);
    const joined = new Uint8Array(length);
    let at = 0;
    for (let i = 0; i < spans.length; i += 2) {
      joined.set(this.#bytes.subarray(spans[i], spans[i + 1]), at);
      at += (spans[i + 1] as number) - (spans[i] as number);
    }
    return joined;
  }

  corrupt(state: string): CorruptError {
    return new CorruptError(`${this.#action}: ${state}`);
  }

  /** Skips a length and that many bytes. @returns The position of the bytes. */
  #delimited(): number {
    const length = this.#varint();
    const start = this.#pos;
    if (this.#high !== 0 || length > this.#end - start) throw this.corrupt("truncated");
    this.#pos = start + length;
    return start;
  }

  /** Creating views takes a third of the time to decode a session; `subarray` would take twice as long. */
  #view(start: number, end: number): Uint8Array {
    this.#buffer ??= this.#bytes.buffer;
    return new Uint8Array(this.#buffer, this.#offset + start, end - start);
  }

  #view64(): DataView {
    const start = this.#pos;
    this.#advance(8);
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + start, 8);
  }

  #advance(length: number): void {
    if (length > this.#end - this.#pos) throw this.corrupt("truncated");
    this.#pos += length;
  }

  /** The lower 32 bits of a varint, unsigned. The upper 32 bits are in `#high`. */
  #varint(): number {
    if (this.#pos >= this.#end) throw this.corrupt("truncated");
    const byte = this.#bytes[this.#pos] as number;
    if (byte >= 0x80) return this.#longVarint();
    this.#pos++;
    this.#high = 0;
    return byte;
  }

  #longVarint(): number {
    const bytes = this.#bytes;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < MAX_VARINT_BITS && this.#pos < this.#end; shift += 7) {
      const byte = bytes[this.#pos++] as number;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.#high = high >>> 0;
        return low >>> 0;
      }
    }
    throw this.corrupt("truncated");
  }
}
