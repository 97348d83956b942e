import { create } from "@bufbuild/protobuf";
import { CorruptError } from "../errors/mod.ts";
import {
  PlainValue_EntriesSchema,
  type PlainValue_Entry,
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
  return create(PlainValueSchema, { kind: kindOf(value, depth) });
}

function kindOf(value: unknown, depth: number): PlainValueMessage["kind"] {
  switch (typeof value) {
    case "undefined":
      return { case: undefined };
    case "boolean":
      return { case: "boolean", value };
    case "number":
      return { case: "number", value };
    case "string":
      return { case: "text", value: utf8(value) };
    case "bigint":
      return { case: "integer", value: String(value) };
    case "object":
      if (value !== null) return objectKind(value, depth);
  }
  throw new TypeError("encode value: not plain data");
}

function objectKind(value: object, depth: number): PlainValueMessage["kind"] {
  if (value instanceof Uint8Array) return { case: "bytes", value };
  if (Array.isArray(value)) {
    const items = value.map((item) => toMessage(item, depth + 1));
    return { case: "list", value: create(PlainValue_ListSchema, { items }) };
  }
  if (value instanceof Map) return { case: "map", value: entriesOf([...value], depth) };
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return { case: "object", value: entriesOf(members, depth) };
}

function entriesOf(entries: readonly [string, unknown][], depth: number) {
  return create(PlainValue_EntriesSchema, {
    entries: entries.map(([name, value]) =>
      create(PlainValue_EntrySchema, { name: utf8(name), value: toMessage(value, depth + 1) }),
    ),
  });
}

function toPlain({ kind }: PlainValueMessage, depth: number): PlainValue {
  if (depth > MAX_DEPTH) throw new CorruptError(`decode value: deeper than ${MAX_DEPTH}`);
  switch (kind.case) {
    case undefined:
      return undefined;
    case "integer":
      if (!INTEGER.test(kind.value)) throw new CorruptError("decode value: not an integer");
      return BigInt(kind.value);
    case "text":
      return textOf(kind.value);
    case "bytes":
      return new Uint8Array(kind.value);
    case "list":
      return kind.value.items.map((item) => toPlain(item, depth + 1));
    case "map":
      return new Map(plainEntries(kind.value.entries, depth));
    case "object":
      // Own members, whatever they are called.
      return Object.fromEntries(plainEntries(kind.value.entries, depth));
    default:
      return kind.value;
  }
}

function plainEntries(entries: readonly PlainValue_Entry[], depth: number): [string, PlainValue][] {
  return entries.map(({ name, value }) => [
    textOf(name),
    value === undefined ? undefined : toPlain(value, depth + 1),
  ]);
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new CorruptError("decode value: text is not UTF-8", { cause });
  }
}
