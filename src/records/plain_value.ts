import { create, isFieldSet, type MessageInitShape } from "@bufbuild/protobuf";
import { decodeUtf8, encodeUtf8, isWellFormed } from "../bytes/mod.ts";
import { ArgumentTypeError, CorruptError } from "../errors/mod.ts";
import {
  type PlainValue_Entries,
  PlainValue_EntriesSchema,
  PlainValue_EntrySchema,
  PlainValue_ListSchema,
  type PlainValue as PlainValueMessage,
  PlainValueSchema,
} from "./gen/holdfast/v1/plain_value_pb.ts";
import { decodeMessage, encodeMessage } from "./message.ts";

/** How deep lists, objects and maps may lie in each other. A write is five deep. */
const MAX_DEPTH = 16;

/** Digits of an unsigned 64-bit integer. */
const INTEGER = /^-?(?:0|[1-9][0-9]{0,19})$/;

/** Names of the fields of which a value has at most one. */
type Kind = keyof typeof PlainValueSchema.field;

/** What a plain value may be: data without behaviour, as the contract of a backend uses it. */
export type PlainValue =
  | undefined
  | boolean
  | number
  | string
  | bigint
  | Uint8Array
  | readonly PlainValue[]
  | ReadonlyMap<string, PlainValue>
  | { readonly [name: string]: PlainValue };

/**
 * Encodes a plain value. Members of objects that are `undefined` are left out.
 *
 * @throws {TypeError} When something in it is no plain value, or lies too deep.
 */
export function encodePlainValue(value: unknown): Uint8Array {
  return encodeMessage(PlainValueSchema, toMessage(value, 0));
}

/**
 * Decodes a plain value. Bytes are copies; an object has no members but its own.
 *
 * @throws {CorruptError} When the bytes are no plain value, or it is too deep.
 */
export function decodePlainValue(bytes: Uint8Array): PlainValue {
  return toPlain(decodeMessage(PlainValueSchema, bytes, "decode value"), 0);
}

function toMessage(value: unknown, depth: number): PlainValueMessage {
  if (depth > MAX_DEPTH) throw new TypeError(`encode value: deeper than ${MAX_DEPTH}`);
  return create(PlainValueSchema, fieldOf(value, depth));
}

/** The one field that a value has, or none. */
function fieldOf(value: unknown, depth: number): MessageInitShape<typeof PlainValueSchema> {
  switch (typeof value) {
    case "undefined":
      return {};
    case "boolean":
      return { boolean: value };
    case "number":
      return { number: value };
    case "string":
      return { text: utf8(value) };
    case "bigint":
      return { integer: String(value) };
    case "object":
      if (value !== null) return objectField(value, depth);
  }
  throw new TypeError("encode value: not plain data");
}

function objectField(value: object, depth: number): MessageInitShape<typeof PlainValueSchema> {
  if (value instanceof Uint8Array) return { bytes: value };
  if (Array.isArray(value)) {
    const items = value.map((item) => toMessage(item, depth + 1));
    return { list: create(PlainValue_ListSchema, { items }) };
  }
  if (value instanceof Map) return { map: entriesOf([...value], depth) };
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return { object: entriesOf(members, depth) };
}

function entriesOf(entries: readonly [string, unknown][], depth: number) {
  return create(PlainValue_EntriesSchema, {
    entries: entries.map(([name, value]) =>
      create(PlainValue_EntrySchema, { name: utf8(name), value: toMessage(value, depth + 1) }),
    ),
  });
}

function toPlain(message: PlainValueMessage, depth: number): PlainValue {
  if (depth > MAX_DEPTH) throw new CorruptError(`decode value: deeper than ${MAX_DEPTH}`);
  const kind = kindOf(message);
  switch (kind) {
    case undefined:
      return undefined;
    case "boolean":
    case "number":
      return message[kind];
    case "integer":
      if (!INTEGER.test(message.integer)) throw new CorruptError("decode value: not an integer");
      return BigInt(message.integer);
    case "text":
      return textOf(message.text);
    case "bytes":
      return new Uint8Array(message.bytes);
    case "list":
      return message.list?.items.map((item) => toPlain(item, depth + 1));
    case "map":
      return new Map(plainEntries(message.map, depth));
    case "object":
      // Own members, whatever they are called.
      return Object.fromEntries(plainEntries(message.object, depth));
  }
}

/** Which field a value has. @throws {CorruptError} When it has more than one. */
function kindOf(message: PlainValueMessage): Kind | undefined {
  const [field, ...others] = PlainValueSchema.fields.filter((candidate) => isFieldSet(message, candidate));
  if (others.length > 0) throw new CorruptError("decode value: more than one kind");
  return field?.localName as Kind | undefined;
}

function plainEntries(message: PlainValue_Entries | undefined, depth: number): [string, PlainValue][] {
  return (message?.entries ?? []).map(({ name, value }) => [
    textOf(name),
    value === undefined ? undefined : toPlain(value, depth + 1),
  ]);
}

/** @throws {TypeError} When the text has a lone surrogate: it has no UTF-8 form, and would arrive as another text. */
function utf8(text: string): Uint8Array {
  if (!isWellFormed(text)) throw new ArgumentTypeError("encode value: text is not well-formed Unicode");
  return encodeUtf8(text);
}

function textOf(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new CorruptError("decode value: text is not UTF-8");
  return text;
}
