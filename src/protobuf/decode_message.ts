import { isBytes, joinBytes } from "../bytes/mod.ts";
import { ArgumentTypeError } from "../errors/mod.ts";
import type { AnyField, AnySchema, Message, MessageSchema } from "./message.ts";
import { SCALARS } from "./scalars.ts";
import { DELIMITED, WireReader } from "./wire_reader.ts";

/** Maximum nesting of messages. Stored messages have five levels. */
const MAX_DEPTH = 64;

type Fields = Message & Record<string, unknown>;

/**
 * Decodes a message and its inner messages. Keeps unknown fields, which `encodeMessage` writes back.
 *
 * The message shares no memory with `bytes`. Its byte fields are views of one copy.
 *
 * @param action Begins the error's message, such as `decode session`.
 * @throws {TypeError} When `bytes` is not a `Uint8Array`.
 * @throws {CorruptError} When the bytes are not a well-formed encoding of the message: truncated, a length
 * beyond its message, a wrong wire type, a number out of its type's range, text that is not UTF-8.
 */
export function decodeMessage<T extends Message>(
  schema: MessageSchema<T>,
  bytes: Uint8Array,
  action: string,
): T {
  if (!isBytes(bytes)) throw new ArgumentTypeError(`${action}: not a Uint8Array`);
  // Copies into a plain array: a Buffer's `slice` would return a view of the caller's memory.
  const reader = new WireReader(new Uint8Array(bytes), action);
  return readMessage(reader, schema, emptyMessage(schema), 0) as T;
}

function emptyMessage(schema: AnySchema): Fields {
  const message: Fields = {};
  for (const { name, repeated } of schema.fields) if (repeated) message[name] = [];
  return message;
}

/** Reads the fields up to the end of the current message into `message`. */
function readMessage(reader: WireReader, schema: AnySchema, message: Fields, depth: number): Fields {
  let unknown: number[] | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    const field = schema.fields.find(({ number }) => number === tag >>> 3);
    if (field === undefined) {
      reader.skip(tag & 7);
      unknown = reader.span(unknown);
    } else if (typeof field.kind === "function") {
      readInner(reader, field.kind(), { field, tag, message, depth });
    } else readScalar(reader, field, message, tag & 7);
  }
  if (unknown !== undefined) {
    const fields = reader.join(unknown);
    message.unknownFields =
      message.unknownFields === undefined ? fields : joinBytes([message.unknownFields, fields]);
  }
  return message;
}

interface Place {
  readonly field: AnyField;
  readonly tag: number;
  readonly message: Fields;
  readonly depth: number;
}

/** Merges a message that occurs twice in a field that is not repeated, as protobuf requires. */
function readInner(reader: WireReader, schema: AnySchema, place: Place): void {
  const { field, tag, message, depth } = place;
  if ((tag & 7) !== DELIMITED) throw wrongWireType(reader, field);
  if (depth === MAX_DEPTH) throw reader.corrupt("nested too deeply");
  const known = field.repeated ? undefined : (message[field.name] as Fields | undefined);
  const outer = reader.enter();
  add(message, field, readMessage(reader, schema, known ?? emptyMessage(schema), depth + 1));
  reader.leave(outer);
}

function readScalar(reader: WireReader, field: AnyField, message: Fields, wireType: number): void {
  const scalar = SCALARS[field.kind as keyof typeof SCALARS];
  if (wireType === scalar.wireType) {
    add(message, field, scalar.read(reader));
    return;
  }
  if (!field.repeated || wireType !== DELIMITED) throw wrongWireType(reader, field);
  const outer = reader.enter();
  while (reader.more()) add(message, field, scalar.read(reader));
  reader.leave(outer);
}

function add(message: Fields, field: AnyField, value: unknown): void {
  if (field.repeated) (message[field.name] as unknown[]).push(value);
  else message[field.name] = value;
}

function wrongWireType(reader: WireReader, field: AnyField): Error {
  return reader.corrupt(`field ${field.number} has the wrong wire type`);
}
