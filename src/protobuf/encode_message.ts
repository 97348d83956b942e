import { ArgumentRangeError, ArgumentTypeError } from "../errors/mod.ts";
import {
  type AnyField,
  type AnySchema,
  fieldLabel,
  type Message,
  type MessageSchema,
  type ScalarKind,
} from "./message.ts";
import { SCALARS, type Scalar } from "./scalars.ts";
import { DELIMITED } from "./wire_reader.ts";
import { varintSize, WireWriter } from "./wire_writer.ts";

type Fields = Message & Readonly<Record<string, unknown>>;

/**
 * Encodes a message: its fields in ascending order, then unknown fields. Omits fields that are `undefined`.
 * The caller owns the bytes.
 *
 * @param action Begins the error's message, such as `encode session`.
 * @throws {TypeError | RangeError} When a value does not match its field's kind.
 */
export function encodeMessage<T extends Message>(
  schema: MessageSchema<T>,
  message: T,
  action: string,
): Uint8Array {
  const encoder = new MessageEncoder(action);
  return encoder.encode(schema, message as unknown as Fields);
}

/**
 * Measures everything first and then writes it, because the size of an inner message precedes its content.
 */
class MessageEncoder {
  readonly #action: string;
  /** Bytes of each inner message and packed list, in the order in which they are written. */
  readonly #sizes: number[] = [];
  #written = 0;

  constructor(action: string) {
    this.#action = action;
  }

  encode(schema: AnySchema, message: Fields): Uint8Array {
    const writer = new WireWriter(this.#measure(schema, message));
    this.#write(writer, schema, message);
    return writer.bytes;
  }

  #measure(schema: AnySchema, message: Fields): number {
    let size = message.unknownFields?.length ?? 0;
    for (const field of schema.fields) {
      const value = message[field.name];
      if (value !== undefined) size += this.#measureField(field, value);
    }
    return size;
  }

  #measureField(field: AnyField, value: unknown): number {
    const { kind } = field;
    if (!field.repeated) {
      return (
        tagSize(field) +
        (typeof kind === "function" ? this.#measureInner(field, value) : this.#sizeOf(field, value))
      );
    }
    if (!Array.isArray(value)) throw this.#invalid(field, value);
    if (value.length === 0) return 0;
    let size = 0;
    if (typeof kind === "function") {
      for (const inner of value) size += tagSize(field) + this.#measureInner(field, inner);
      return size;
    }
    const at = this.#sizes.push(0) - 1;
    for (const each of value) size += this.#sizeOf(field, each);
    this.#sizes[at] = size;
    return tagSize(field) + varintSize(size) + size;
  }

  /** Size of a length and an inner message. */
  #measureInner(field: AnyField, value: unknown): number {
    if (typeof value !== "object" || value === null) throw this.#invalid(field, value);
    const at = this.#sizes.push(0) - 1;
    const size = this.#measure((field.kind as () => AnySchema)(), value as Fields);
    this.#sizes[at] = size;
    return varintSize(size) + size;
  }

  #sizeOf(field: AnyField, value: unknown): number {
    const scalar: Scalar<unknown> = SCALARS[field.kind as ScalarKind];
    if (!scalar.isValid(value)) throw this.#invalid(field, value);
    return scalar.size(value);
  }

  #write(writer: WireWriter, schema: AnySchema, message: Fields): void {
    for (const field of schema.fields) {
      const value = message[field.name];
      if (value !== undefined) this.#writeField(writer, field, value);
    }
    if (message.unknownFields !== undefined) writer.raw(message.unknownFields);
  }

  #writeField(writer: WireWriter, field: AnyField, value: unknown): void {
    const { number, kind, repeated } = field;
    if (typeof kind === "function") {
      if (!repeated) this.#writeInner(writer, number, kind(), value as Fields);
      else for (const inner of value as readonly Fields[]) this.#writeInner(writer, number, kind(), inner);
      return;
    }
    const scalar: Scalar<unknown> = SCALARS[kind];
    if (!repeated) {
      writer.varint(tagOf(number, scalar.wireType));
      scalar.write(writer, value);
      return;
    }
    const values = value as readonly unknown[];
    if (values.length > 0) this.#writeLength(writer, number);
    for (const each of values) scalar.write(writer, each);
  }

  #writeInner(writer: WireWriter, number: number, schema: AnySchema, message: Fields): void {
    this.#writeLength(writer, number);
    this.#write(writer, schema, message);
  }

  #writeLength(writer: WireWriter, number: number): void {
    writer.varint(tagOf(number, DELIMITED));
    writer.varint(this.#sizes[this.#written++] as number);
  }

  #invalid({ name, kind }: AnyField, value: unknown): Error {
    const expected = typeof kind === "function" ? "message" : kind;
    const message = `${this.#action}: ${fieldLabel(name)} is not a valid ${expected}`;
    const isNumber = typeof value === "number" || typeof value === "bigint";
    const isOfType = typeof kind !== "function" && typeof value === SCALARS[kind].type;
    return isNumber && isOfType ? new ArgumentRangeError(message) : new ArgumentTypeError(message);
  }
}

function tagOf(number: number, wireType: number): number {
  return ((number << 3) | wireType) >>> 0;
}

function tagSize({ number }: AnyField): number {
  return varintSize(tagOf(number, DELIMITED));
}
