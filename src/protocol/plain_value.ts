import { ArgumentTypeError, CorruptError } from "../errors/mod.ts";
import { ByteReader } from "./_byte_reader.ts";
import { ByteWriter } from "./_byte_writer.ts";

/** Maximum nesting of lists and objects. */
const MAX_DEPTH = 16;

/** Maximum number of items of all lists and objects of one value. */
const MAX_ITEMS = 100_000;

/** Type of a value, in the byte before it. */
const TAG = { nothing: 0, no: 1, yes: 2, number: 3, text: 4, bytes: 5, list: 6, object: 7 } as const;

/** Self-describing data without behaviour, for messages between a Worker and its objects. */
export type PlainValue =
  | undefined
  | boolean
  | number
  | string
  | Uint8Array
  | readonly PlainValue[]
  | { readonly [name: string]: PlainValue };

/**
 * Encodes a plain value. Omits members of objects that are `undefined`.
 *
 * @throws {TypeError} When a part is not a plain value or is nested too deeply.
 */
export function encodePlainValue(value: unknown): Uint8Array {
  const writer = new ByteWriter();
  write(writer, value, 0);
  return writer.bytes;
}

/**
 * Decodes a plain value. Bytes are copies; objects have only their own members.
 *
 * @throws {CorruptError} When the bytes are not a plain value, or it is nested too deeply.
 */
export function decodePlainValue(bytes: Uint8Array): PlainValue {
  const reader = new ByteReader(bytes, { copies: true, maxItems: MAX_ITEMS });
  const value = read(reader, 0);
  if (!reader.isAtEnd) throw new CorruptError("decode value: trailing bytes");
  return value;
}

function write(writer: ByteWriter, value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) throw new ArgumentTypeError(`encode value: nested deeper than ${MAX_DEPTH}`);
  if (value === undefined) writer.byte(TAG.nothing);
  else if (typeof value === "boolean") writer.byte(value ? TAG.yes : TAG.no);
  else if (typeof value === "number") {
    writer.byte(TAG.number);
    writer.double(value);
  } else if (typeof value === "string") {
    writer.byte(TAG.text);
    writer.text(value);
  } else if (value instanceof Uint8Array) {
    writer.byte(TAG.bytes);
    writer.delimited(value);
  } else if (Array.isArray(value)) {
    writer.byte(TAG.list);
    writer.varint(value.length);
    for (const item of value) write(writer, item, depth + 1);
  } else writeMembers(writer, value, depth);
}

function writeMembers(writer: ByteWriter, value: unknown, depth: number): void {
  if (typeof value !== "object" || value === null || value instanceof Map || value instanceof Set) {
    throw new ArgumentTypeError("encode value: not plain data");
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  writer.byte(TAG.object);
  writer.varint(members.length);
  for (const [name, member] of members) {
    writer.text(name);
    write(writer, member, depth + 1);
  }
}

function read(reader: ByteReader, depth: number): PlainValue {
  if (depth > MAX_DEPTH) throw new CorruptError(`decode value: nested deeper than ${MAX_DEPTH}`);
  switch (reader.byte()) {
    case TAG.nothing:
      return undefined;
    case TAG.no:
      return false;
    case TAG.yes:
      return true;
    case TAG.number:
      return reader.double();
    case TAG.text:
      return reader.text();
    case TAG.bytes:
      return reader.delimited();
    case TAG.list:
      return Array.from({ length: reader.count() }, () => read(reader, depth + 1));
    case TAG.object:
      // Creates own members for any name, such as `__proto__`.
      return Object.fromEntries(
        Array.from({ length: reader.count() }, () => [reader.text(), read(reader, depth + 1)] as const),
      );
    default:
      throw new CorruptError("decode value: unknown kind");
  }
}
