import { decodeUtf8 } from "../bytes/mod.ts";
import { CorruptError } from "../errors/mod.ts";

/** Greatest power of 128 in a varint of 53 bits. */
const MAX_SCALE = 128 ** 7;

/** Options of a {@link ByteReader}. */
export interface ByteReaderOptions {
  /** Whether bytes are copied. A copy of a key does not keep the whole body in memory. */
  readonly copies: boolean;
  /**
   * Maximum number of items of all lists and maps together. Each takes at least a byte on the wire, and up to
   * a hundred in memory.
   */
  readonly maxItems: number;
  /** Called with each number of items before they are read. Throws to refuse them. */
  readonly onItems?: ((count: number) => void) | undefined;
}

/**
 * Reads the output of a `ByteWriter`, or hostile bytes: it checks a length or number of items against the
 * available bytes before it allocates.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #copies: boolean;
  #pos = 0;
  #itemsLeft: number;
  readonly #onItems: ((count: number) => void) | undefined;

  constructor(bytes: Uint8Array, { copies, maxItems, onItems }: ByteReaderOptions) {
    this.#bytes = bytes;
    this.#copies = copies;
    this.#itemsLeft = maxItems;
    this.#onItems = onItems;
  }

  /** Whether everything was read. */
  get isAtEnd(): boolean {
    return this.#pos === this.#bytes.length;
  }

  /** @throws {CorruptError} */
  byte(): number {
    const byte = this.#bytes[this.#pos];
    if (byte === undefined) throw corrupt("truncated");
    this.#pos += 1;
    return byte;
  }

  /** An integer from 0 to 2^53−1. @throws {CorruptError} */
  varint(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let scale = 128; scale <= MAX_SCALE; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte >= 0x80) continue;
      // Only the shortest form is valid.
      if (byte === 0 || value > Number.MAX_SAFE_INTEGER) break;
      return value;
    }
    throw corrupt("a number is malformed");
  }

  /** @throws {CorruptError} */
  uint64(): bigint {
    return this.#view(8).getBigUint64(0);
  }

  /** @throws {CorruptError} */
  double(): number {
    return this.#view(8).getFloat64(0);
  }

  /** Length-prefixed bytes: a view, or a copy if `copies` is set. @throws {CorruptError} */
  delimited(): Uint8Array {
    const length = this.varint();
    const start = this.#skip(length);
    // A plain `Uint8Array`, even if the body is a Buffer.
    const view = new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, length);
    return this.#copies ? view.slice() : view;
  }

  /** A length-prefixed text. @throws {CorruptError} When it is not UTF-8. */
  text(): string {
    const start = this.#skip(this.varint());
    const text = decodeUtf8(this.#bytes.subarray(start, this.#pos));
    if (text === undefined) throw corrupt("a text is not UTF-8");
    return text;
  }

  /**
   * The number of following items, each of at least one byte. @throws {CorruptError} When there cannot be
   * that many.
   */
  count(): number {
    const count = this.varint();
    if (count > this.#bytes.length - this.#pos) throw corrupt("truncated");
    this.#onItems?.(count);
    if (count > this.#itemsLeft) throw corrupt("too many items");
    this.#itemsLeft -= count;
    return count;
  }

  #skip(length: number): number {
    const start = this.#pos;
    if (length > this.#bytes.length - start) throw corrupt("truncated");
    this.#pos = start + length;
    return start;
  }

  #view(length: number): DataView {
    const start = this.#skip(length);
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + start, length);
  }
}

function corrupt(state: string): CorruptError {
  return new CorruptError(`decode call: ${state}`);
}
