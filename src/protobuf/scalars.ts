import { encodeUtf8, isBytes, isWellFormed } from "../bytes/mod.ts";
import type { ScalarKind } from "./message.ts";
import { BITS_64, DELIMITED, VARINT, type WireReader } from "./wire_reader.ts";
import { varint64Size, varintSize, type WireWriter } from "./wire_writer.ts";

/** Checks, measures, writes and reads values of one kind. `size` excludes the tag. */
export interface Scalar<V> {
  readonly wireType: number;
  /** `typeof` of a value. */
  readonly type: "bigint" | "boolean" | "number" | "object" | "string";
  isValid(value: unknown): boolean;
  size(value: V): number;
  write(writer: WireWriter, value: V): void;
  read(reader: WireReader): V;
}

/** The type of the values of each kind. */
interface ScalarValues {
  bool: boolean;
  bytes: Uint8Array;
  double: number;
  fixed64: bigint;
  int32: number;
  int64: bigint;
  string: string;
  uint32: number;
  uint64: bigint;
}

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;

const bytes: Scalar<Uint8Array> = {
  wireType: DELIMITED,
  type: "object",
  isValid: isBytes,
  size: ({ length }) => varintSize(length) + length,
  write(writer, value) {
    writer.varint(value.length);
    writer.raw(value);
  },
  read: (reader) => reader.bytes(),
};

const uint64: Scalar<bigint> = {
  wireType: VARINT,
  type: "bigint",
  isValid: (value) => typeof value === "bigint" && value >= 0n && value <= MAX_UINT64,
  size: varint64Size,
  write: (writer, value) => writer.varint64(value),
  read: (reader) => reader.uint64(),
};

export const SCALARS: { readonly [Kind in ScalarKind]: Scalar<ScalarValues[Kind]> } = {
  bool: {
    wireType: VARINT,
    type: "boolean",
    isValid: (value) => typeof value === "boolean",
    size: () => 1,
    write: (writer, value) => writer.varint(value ? 1 : 0),
    read: (reader) => reader.bool(),
  },
  bytes,
  double: {
    wireType: BITS_64,
    type: "number",
    isValid: (value) => typeof value === "number",
    size: () => 8,
    write: (writer, value) => writer.double(value),
    read: (reader) => reader.double(),
  },
  fixed64: {
    ...uint64,
    wireType: BITS_64,
    size: () => 8,
    write: (writer, value) => writer.fixed64(value),
    read: (reader) => reader.fixed64(),
  },
  int32: {
    wireType: VARINT,
    type: "number",
    isValid: (value) => typeof value === "number" && value === (value | 0),
    size: (value) => varint64Size(BigInt(value)),
    write: (writer, value) => writer.varint64(BigInt(value)),
    read: (reader) => reader.int32(),
  },
  int64: {
    ...uint64,
    isValid: (value) => typeof value === "bigint" && value === BigInt.asIntN(64, value),
    read: (reader) => BigInt.asIntN(64, reader.uint64()),
  },
  string: {
    wireType: DELIMITED,
    type: "string",
    isValid: (value) => typeof value === "string" && isWellFormed(value),
    size: (value) => bytes.size(encodeUtf8(value)),
    write: (writer, value) => bytes.write(writer, encodeUtf8(value)),
    read: (reader) => reader.text(),
  },
  uint32: {
    wireType: VARINT,
    type: "number",
    isValid: (value) => typeof value === "number" && value === value >>> 0,
    size: varintSize,
    write: (writer, value) => writer.varint(value),
    read: (reader) => reader.uint32(),
  },
  uint64,
};
