import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";

/** Wire types of protobuf, without the two of groups. */
const VARINT = 0;
const BITS_64 = 1;
const LENGTH_DELIMITED = 2;
const BITS_32 = 5;

/** Greatest field number of protobuf. */
const MAX_FIELD_NUMBER = 536_870_911;

/** Maximum bytes of a varint: 64 bits at 7 bits per byte. */
const MAX_VARINT_BYTES = 10;

/** Maximum nesting depth of messages. */
const MAX_DEPTH = 64;

const fieldMaps = new WeakMap<DescMessage, ReadonlyMap<number, DescField>>();

/**
 * Checks that bytes are a well-formed encoding of a message, and of every message inside it. The protobuf
 * runtime, which tests compare with, does not check that: it reads past the end of an inner message, accepts
 * fields of the wrong wire type, and replaces invalid UTF-8.
 *
 * @returns The error, or `undefined` if the encoding is valid.
 */
export function checkWire(desc: DescMessage, bytes: Uint8Array): string | undefined {
  return new WireChecker(bytes).check(desc, bytes.length);
}

class WireChecker {
  readonly #bytes: Uint8Array;
  #pos = 0;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  check(desc: DescMessage, end: number): string | undefined {
    const fields = fieldsOf(desc);
    while (this.#pos < end) {
      const tag = this.#varint(end);
      if (tag === undefined) return "truncated";
      const number = Math.floor(tag / 8);
      if (number < 1 || number > MAX_FIELD_NUMBER) return "illegal field number";
      const fault = this.#value(fields.get(number), tag % 8, end);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #value(field: DescField | undefined, wireType: number, end: number): string | undefined {
    if (field !== undefined && !accepts(field, wireType))
      return `field ${field.number} has the wrong wire type`;
    switch (wireType) {
      case VARINT:
        return this.#varint(end) === undefined ? "truncated" : undefined;
      case BITS_64:
        return this.#skip(8, end);
      case BITS_32:
        return this.#skip(4, end);
      case LENGTH_DELIMITED:
        return this.#delimited(field, end);
      default:
        return "illegal wire type";
    }
  }

  #delimited(field: DescField | undefined, end: number): string | undefined {
    const length = this.#varint(end);
    if (length === undefined || length > end - this.#pos) return "truncated";
    const start = this.#pos;
    const stop = start + length;
    const message = messageOf(field);
    if (message !== undefined) return this.#inner(message, stop);
    if (isPacked(field)) return this.#packed(stop);
    this.#pos = stop;
    if (isText(field) && !isUtf8(this.#bytes.subarray(start, stop))) return "text is not UTF-8";
    return undefined;
  }

  #inner(message: DescMessage, end: number): string | undefined {
    if (this.#depth === MAX_DEPTH) return "nested too deeply";
    this.#depth += 1;
    const fault = this.check(message, end);
    this.#depth -= 1;
    return fault;
  }

  #packed(end: number): string | undefined {
    while (this.#pos < end) {
      if (this.#varint(end) === undefined) return "truncated";
    }
    return undefined;
  }

  #skip(length: number, end: number): string | undefined {
    if (length > end - this.#pos) return "truncated";
    this.#pos += length;
    return undefined;
  }

  /** A varint that ends before `end`. Values above 2^53 are inexact, but exceed every valid range here. */
  #varint(end: number): number | undefined {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < MAX_VARINT_BYTES && this.#pos < end; i++) {
      const byte = this.#bytes[this.#pos++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    return undefined;
  }
}

function fieldsOf(desc: DescMessage): ReadonlyMap<number, DescField> {
  let fields = fieldMaps.get(desc);
  if (fields === undefined) {
    fields = new Map(desc.fields.map((field) => [field.number, field]));
    fieldMaps.set(desc, fields);
  }
  return fields;
}

function messageOf(field: DescField | undefined): DescMessage | undefined {
  if (field?.fieldKind === "message") return field.message;
  return field?.fieldKind === "list" && field.listKind === "message" ? field.message : undefined;
}

function scalarOf(field: DescField | undefined): ScalarType | undefined {
  if (field?.fieldKind === "scalar") return field.scalar;
  return field?.fieldKind === "list" && field.listKind === "scalar" ? field.scalar : undefined;
}

function isText(field: DescField | undefined): boolean {
  return scalarOf(field) === ScalarType.STRING;
}

function isPacked(field: DescField | undefined): boolean {
  return field?.fieldKind === "list" && field.listKind !== "message" && wireTypeOf(field) === VARINT;
}

function accepts(field: DescField, wireType: number): boolean {
  return wireType === wireTypeOf(field) || (wireType === LENGTH_DELIMITED && isPacked(field));
}

function wireTypeOf(field: DescField): number {
  if (messageOf(field) !== undefined) return LENGTH_DELIMITED;
  switch (scalarOf(field)) {
    case ScalarType.BYTES:
    case ScalarType.STRING:
      return LENGTH_DELIMITED;
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
    case ScalarType.DOUBLE:
      return BITS_64;
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
    case ScalarType.FLOAT:
      return BITS_32;
    default:
      return VARINT;
  }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
