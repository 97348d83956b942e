import { CorruptError } from "../errors/mod.ts";
import type { Rule } from "../rules/mod.ts";
import type { ByteReader } from "./_byte_reader.ts";
import type { ByteWriter } from "./_byte_writer.ts";

/** Encodes and decodes values of a rule. */
export interface Codec<T = unknown> {
  /** The value must pass the rule's check. */
  encode(writer: ByteWriter, value: T): void;
  /**
   * Reads a value with the types of the rule. The rule's check checks ranges and lengths. @throws
   * {CorruptError}
   */
  decode(reader: ByteReader): T;
}

/**
 * Compiles the codec of a rule for one protocol version. Parts are encoded in the order of the rule, without
 * names or tags: both ends have the same rules for a version.
 */
export function codecOf<T>(rule: Rule<T>, version: number): Codec<T> {
  return compile(rule, version) as Codec<T>;
}

function compile(rule: Rule, version: number): Codec {
  switch (rule.type) {
    case "text":
    case "choice":
      return TEXT as Codec;
    case "integer":
      return (rule.min < 0 ? SIGNED : UNSIGNED) as Codec;
    case "uint64":
      return UINT64 as Codec;
    case "flag":
      return FLAG as Codec;
    case "bytes":
      return BYTES as Codec;
    case "optional":
      return rule.since > version ? ABSENT : optionalCodec(compile(rule.rule, version));
    case "list":
      return listCodec(compile(rule.item, version));
    case "tuple":
      return tupleCodec(rule.parts.map((part) => compile(part, version)));
    case "map":
      return mapCodec(compile(rule.value, version));
    case "object":
      return objectCodec(
        Object.entries(rule.members).map(([name, member]) => [name, compile(member, version)] as const),
      );
    case "variant":
      return variantCodec(
        new Map(Object.entries(rule.of).map(([kind, shape]) => [kind, compile(shape, version)])),
      );
  }
}

const TEXT: Codec<string> = {
  encode: (writer, value) => writer.text(value),
  decode: (reader) => reader.text(),
};

const UNSIGNED: Codec<number> = {
  encode: (writer, value) => writer.varint(value),
  decode: (reader) => reader.varint(),
};

const SIGNED: Codec<number> = {
  encode: (writer, value) => {
    FLAG.encode(writer, value < 0);
    writer.varint(Math.abs(value));
  },
  decode: (reader) => (FLAG.decode(reader) ? -reader.varint() : reader.varint()),
};

const UINT64: Codec<bigint> = {
  encode: (writer, value) => writer.uint64(value),
  decode: (reader) => reader.uint64(),
};

const FLAG: Codec<boolean> = {
  encode: (writer, value) => writer.byte(value ? 1 : 0),
  decode: (reader) => {
    const byte = reader.byte();
    if (byte > 1) throw new CorruptError("decode call: a flag is neither set nor unset");
    return byte === 1;
  },
};

const BYTES: Codec<Uint8Array> = {
  encode: (writer, value) => writer.delimited(value),
  decode: (reader) => reader.delimited(),
};

/** A part that the version does not have: answers to older callers omit it. */
const ABSENT: Codec = { encode: () => {}, decode: () => undefined };

function optionalCodec(codec: Codec): Codec {
  return {
    encode: (writer, value) => {
      writer.byte(value === undefined ? 0 : 1);
      if (value !== undefined) codec.encode(writer, value);
    },
    decode: (reader) => (FLAG.decode(reader) ? codec.decode(reader) : undefined),
  };
}

function listCodec(codec: Codec): Codec {
  return {
    encode: (writer, value) => {
      const items = value as readonly unknown[];
      writer.varint(items.length);
      for (const item of items) codec.encode(writer, item);
    },
    decode: (reader) => {
      const items: unknown[] = [];
      for (let count = reader.count(); count > 0; count -= 1) items.push(codec.decode(reader));
      return items;
    },
  };
}

function tupleCodec(codecs: readonly Codec[]): Codec {
  return {
    encode: (writer, value) => {
      for (const [index, codec] of codecs.entries())
        codec.encode(writer, (value as readonly unknown[])[index]);
    },
    decode: (reader) => codecs.map((codec) => codec.decode(reader)),
  };
}

function mapCodec(codec: Codec): Codec {
  return {
    encode: (writer, value) => {
      const entries = value as ReadonlyMap<string, unknown>;
      writer.varint(entries.size);
      for (const [name, entry] of entries) {
        writer.text(name);
        codec.encode(writer, entry);
      }
    },
    decode: (reader) => {
      const entries = new Map<string, unknown>();
      const count = reader.count();
      for (let index = 0; index < count; index += 1) entries.set(reader.text(), codec.decode(reader));
      if (entries.size !== count) throw new CorruptError("decode call: a map has a name twice");
      return entries;
    },
  };
}

/** Takes one byte, so that a list never has more items than bytes. */
const EMPTY: Codec = {
  encode: (writer) => writer.byte(0),
  decode: (reader) => {
    if (reader.byte() !== 0) throw new CorruptError("decode call: an empty object is not 0");
    return {};
  },
};

function objectCodec(members: readonly (readonly [name: string, codec: Codec])[]): Codec {
  if (members.length === 0) return EMPTY;
  const names = members.map(([name]) => name);
  const codecs = members.map(([, codec]) => codec);
  return {
    encode: (writer, value) => {
      const object = value as Readonly<Record<string, unknown>>;
      for (let index = 0; index < codecs.length; index += 1) {
        (codecs[index] as Codec).encode(writer, object[names[index] as string]);
      }
    },
    decode: (reader) => {
      const object: Record<string, unknown> = {};
      for (let index = 0; index < codecs.length; index += 1) {
        object[names[index] as string] = (codecs[index] as Codec).decode(reader);
      }
      return object;
    },
  };
}

/** The kind, and then the members of its shape. */
function variantCodec(codecs: ReadonlyMap<string, Codec>): Codec {
  return {
    encode: (writer, value) => {
      const { kind } = value as { readonly kind: string };
      writer.text(kind);
      (codecs.get(kind) as Codec).encode(writer, value);
    },
    decode: (reader) => {
      const kind = reader.text();
      const codec = codecs.get(kind);
      if (codec === undefined) throw new CorruptError("decode call: a kind is unknown");
      return { kind, ...(codec.decode(reader) as object) };
    },
  };
}
