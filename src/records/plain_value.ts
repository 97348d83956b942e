import { decodeUtf8, encodeUtf8, isWellFormed } from "../bytes/mod.ts";
import { ArgumentTypeError, CorruptError } from "../errors/mod.ts";
import { decodeMessage, encodeMessage } from "../protobuf/mod.ts";
import {
  type PlainValue_Entries,
  type PlainValue_Entry,
  type PlainValue as PlainValueMessage,
  PlainValueSchema,
} from "./gen/plain_value.ts";

/** How deep lists, objects and maps may lie in each other. A write is five deep. */
const MAX_DEPTH = 16;

/** Digits of an unsigned 64-bit integer. */
const INTEGER = /^-?(?:0|[1-9][0-9]{0,19})$/;

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
  return encodeMessage(PlainValueSchema, toMessage(value, 0), "encode value");
}

/**
 * Decodes a plain value. Bytes are copies; an object has no members but its own.
 *
 * @throws {CorruptError} When the bytes are no plain value, or it is too deep.
 */
export function decodePlainValue(bytes: Uint8Array): PlainValue {
  return toPlain(decodeMessage(PlainValueSchema, bytes, "decode value"), 0);
}

/** The message of a value: the one field that it has, or none. */
function toMessage(value: unknown, depth: number): PlainValueMessage {
  if (depth > MAX_DEPTH) throw new TypeError(`encode value: deeper than ${MAX_DEPTH}`);
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

function objectField(value: object, depth: number): PlainValueMessage {
  if (value instanceof Uint8Array) return { bytes: value };
  if (Array.isArray(value)) return { list: { items: value.map((item) => toMessage(item, depth + 1)) } };
  if (value instanceof Map) return { map: { entries: entriesOf([...value], depth) } };
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return { object: { entries: entriesOf(members, depth) } };
}

function entriesOf(entries: readonly [string, unknown][], depth: number): PlainValue_Entry[] {
  return entries.map(([name, value]) => ({ name: utf8(name), value: toMessage(value, depth + 1) }));
}

function toPlain(message: PlainValueMessage, depth: number): PlainValue {
  if (depth > MAX_DEPTH) throw new CorruptError(`decode value: deeper than ${MAX_DEPTH}`);
  const { boolean, number, integer, text, bytes, list, map, object } = message;
  requireOneKind(message);
  if (integer !== undefined) return readInteger(integer);
  if (text !== undefined) return textOf(text);
  if (bytes !== undefined) return new Uint8Array(bytes);
  if (list !== undefined) return list.items.map((item) => toPlain(item, depth + 1));
  if (map !== undefined) return new Map(plainEntries(map, depth));
  // Own members, whatever they are called.
  if (object !== undefined) return Object.fromEntries(plainEntries(object, depth));
  return boolean ?? number;
}

/** @throws {CorruptError} When a value has more than one of the fields. */
function requireOneKind(message: PlainValueMessage): void {
  const kinds = PlainValueSchema.fields.filter(({ name }) => message[name] !== undefined);
  if (kinds.length > 1) throw new CorruptError("decode value: more than one kind");
}

function readInteger(digits: string): bigint {
  if (!INTEGER.test(digits)) throw new CorruptError("decode value: not an integer");
  return BigInt(digits);
}

function plainEntries({ entries }: PlainValue_Entries, depth: number): [string, PlainValue][] {
  return entries.map(({ name, value }) => [
    textOf(name ?? new Uint8Array(0)),
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
