import { describe, expect, test } from "vitest";
import { CorruptError } from "../errors/mod.ts";
import { ADVKeyIndexListSchema } from "../records/gen/adv.ts";
import { DeviceListSchema } from "../records/gen/device_list.ts";
import { SignedPreKeyRecordStructureSchema } from "../records/gen/pre_key.ts";
import { type RecordStructure, RecordStructureSchema } from "../records/gen/signal_storage.ts";
import { decodeMessage } from "./decode_message.ts";
import { encodeMessage } from "./encode_message.ts";
import type { Message } from "./message.ts";

const RECORD: RecordStructure = {
  currentSession: {
    sessionVersion: 3,
    rootKey: new Uint8Array(32).fill(7),
    pendingPreKey: { preKeyId: 5, signedPreKeyId: -1, baseKey: new Uint8Array(33) },
    receiverChains: [
      { chainKey: { index: 300, key: new Uint8Array(32) }, messageKeys: [{ index: 1 }, { index: 2 }] },
    ],
    node: { closed: -1n, moreChains: [], spentIndexes: [1, 300, 70_000] },
  },
  previousSessions: [],
  moreSessions: [],
};

const BYTES = encodeMessage(RecordStructureSchema, RECORD, "encode session");

function decodeRecord(...bytes: number[]): RecordStructure {
  return decodeMessage(RecordStructureSchema, Uint8Array.from(bytes), "decode session");
}

describe("decodeMessage", () => {
  test("returns the encoded message, with empty lists for absent ones", () => {
    expect(decodeMessage(RecordStructureSchema, BYTES, "decode session")).toStrictEqual(RECORD);
    expect(decodeRecord()).toStrictEqual({ previousSessions: [], moreSessions: [] });
  });

  test("rejects a record cut at any length", () => {
    for (let length = 1; length < BYTES.length; length++) {
      expect(() => decodeRecord(...BYTES.subarray(0, length))).toThrow(CorruptError);
    }
  });

  test("rejects an inner message beyond its own length", () => {
    // A session of 2 bytes whose root key has length 4.
    expect(() => decodeRecord(0x0a, 2, 0x22, 4, 0x12, 2, 0x08, 3)).toThrow(/^decode session: truncated$/);
  });

  test("rejects a field of the wrong wire type", () => {
    const signed = (...bytes: number[]) =>
      decodeMessage(SignedPreKeyRecordStructureSchema, Uint8Array.from(bytes), "decode");
    expect(() => decodeRecord(0x08, 0)).toThrow(/field 1 has the wrong wire type/);
    expect(() => signed(0x28, 1)).toThrow(/field 5 has the wrong wire type/);
    expect(() => signed(0x0a, 0)).toThrow(/field 1 has the wrong wire type/);
  });

  test("reads packed and single elements of a list of numbers", () => {
    const decode = (...bytes: number[]) =>
      decodeMessage(ADVKeyIndexListSchema, Uint8Array.from(bytes), "decode list");
    expect(decode(0x20, 1, 0x22, 3, 2, 0xac, 2, 0x20, 4).validIndexes).toEqual([1, 2, 300, 4]);
    expect(() => decode(0x22, 2, 2, 0xac)).toThrow(/truncated/);
  });

  test("merges a message that occurs twice in one field", () => {
    const merged = decodeRecord(0x0a, 2, 0x08, 3, 0x0a, 2, 0x28, 9, 0x0a, 2, 0x08, 4);
    expect(merged.currentSession).toMatchObject({ sessionVersion: 4, previousCounter: 9 });
    const twice = decodeRecord(0x0a, 3, 0xc8, 0x3e, 1, 0x0a, 3, 0xc8, 0x3e, 2);
    expect(twice.currentSession?.unknownFields).toEqual(Uint8Array.of(0xc8, 0x3e, 1, 0xc8, 0x3e, 2));
  });

  test.each<[string, number[]]>([
    ["a length beyond the end", [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ["a length of 2^63", [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ["a varint without end", [0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
    ["a number of more than 32 bits", [0x0a, 6, 0x08, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ["field number 0", [0x00, 0x00]],
    ["a field number beyond 2^29", [0x80, 0x80, 0x80, 0x80, 0x10, 0x00]],
    ["a group", [0xa3, 0x06, 0xa4, 0x06]],
    ["wire type 6", [0xa6, 0x06]],
    ["half a fixed64 of an unknown field", [0xa1, 0x06, 1, 2, 3, 4]],
    ["half a fixed32 of an unknown field", [0xa5, 0x06, 1, 2]],
  ])("refuses %s", (_, bytes) => {
    expect(() => decodeRecord(...bytes)).toThrow(CorruptError);
  });

  test("rejects text that is not UTF-8", () => {
    const decode = (...bytes: number[]) => decodeMessage(DeviceListSchema, Uint8Array.from(bytes), "decode");
    expect(() => decode(0x0a, 2, 0xc3, 0x28)).toThrow(/^decode: text is not UTF-8$/);
    expect(decode(0x0a, 2, 0xc3, 0xa9).user).toBe("é");
    expect(decode(0x0a, 4, 0xef, 0xbb, 0xbf, 0x61).user).toBe("\ufeffa");
  });

  test("rejects messages nested too deeply", () => {
    interface Nest extends Message {
      inner?: Nest;
    }
    const schema = { fields: [{ number: 1, name: "inner", kind: () => schema }] } as never;
    const nested = (depth: number): Nest => (depth === 0 ? {} : { inner: nested(depth - 1) });
    const bytes = (depth: number) => encodeMessage<Nest>(schema, nested(depth), "encode");
    expect(decodeMessage<Nest>(schema, bytes(64), "decode")).toEqual(nested(64));
    expect(() => decodeMessage(schema, bytes(65), "decode")).toThrow(/^decode: nested too deeply$/);
  });

  test("keeps unknown fields at the top and inside", () => {
    const unknown = [0xc2, 0x3e, 3, 1, 2, 3, 0xc8, 0x3e, 5];
    const bytes = [0x0a, unknown.length, ...unknown, ...unknown];
    expect([...encodeMessage(RecordStructureSchema, decodeRecord(...bytes), "encode")]).toEqual(bytes);
  });

  test("shares no memory with its input", () => {
    const bytes = Buffer.from(BYTES);
    const message = decodeMessage(RecordStructureSchema, bytes, "decode session");
    bytes.fill(0);
    expect(message.currentSession?.rootKey).toEqual(new Uint8Array(32).fill(7));
    expect(message.currentSession?.rootKey?.constructor).toBe(Uint8Array);
  });

  test("throws a TypeError for a value that is not bytes", () => {
    expect(() => decodeMessage(RecordStructureSchema, "" as never, "decode session")).toThrow(TypeError);
  });
});

describe("encodeMessage", () => {
  test.each<[string, object, ErrorConstructor]>([
    ["a number beyond 32 bits", { sessionVersion: 2 ** 32 }, RangeError],
    ["a negative number", { sessionVersion: -1 }, RangeError],
    ["a fraction", { previousCounter: 1.5 }, RangeError],
    ["NaN", { previousCounter: Number.NaN }, RangeError],
    ["a number for a bigint", { node: { closed: 1, moreChains: [], spentIndexes: [] } }, TypeError],
    [
      "a bigint beyond 64 bits",
      { node: { closed: 2n ** 63n, moreChains: [], spentIndexes: [] } },
      RangeError,
    ],
    ["a text for bytes", { rootKey: "key" }, TypeError],
    ["an array for bytes", { rootKey: [1] }, TypeError],
    ["null for a message", { pendingPreKey: null }, TypeError],
    ["a message for a list", { receiverChains: {} }, TypeError],
    ["a number for a boolean", { needsRefresh: 1 }, TypeError],
  ])("refuses %s", (_, part, error) => {
    const record = { ...RECORD, currentSession: { receiverChains: [], ...part } } as RecordStructure;
    expect(() => encodeMessage(RecordStructureSchema, record, "encode session")).toThrow(error);
    expect(() => encodeMessage(RecordStructureSchema, record, "encode session")).toThrow(/^encode session: /);
  });

  test("rejects text without a UTF-8 form", () => {
    const list = { user: "\ud800", devices: [] };
    expect(() => encodeMessage(DeviceListSchema, list, "encode device list")).toThrow(
      /^encode device list: user is not a valid string$/,
    );
  });
});
