import { create, type DescMessage, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CorruptError } from "../errors/mod.ts";
import { checkWire } from "./check_wire.ts";
import { ADVKeyIndexListSchema } from "./gen/holdfast/v1/adv_pb.ts";
import { DeviceListSchema } from "./gen/holdfast/v1/device_list_pb.ts";
import { SignedPreKeyRecordStructureSchema } from "./gen/holdfast/v1/pre_key_pb.ts";
import { RecordStructureSchema, SessionStructureSchema } from "./gen/holdfast/v1/signal_storage_pb.ts";
import { decodeMessage, encodeMessage } from "./message.ts";

const SESSION = create(SessionStructureSchema, {
  sessionVersion: 3,
  rootKey: new Uint8Array(32).fill(7),
  pendingPreKey: { preKeyId: 5, signedPreKeyId: -1, baseKey: new Uint8Array(33) },
  receiverChains: [
    { chainKey: { index: 300, key: new Uint8Array(32) }, messageKeys: [{ index: 1 }, { index: 2 }] },
  ],
  node: { closed: -1n, spentIndexes: [1, 300, 70_000] },
});

const RECORD = create(RecordStructureSchema, {
  currentSession: SESSION,
  previousSessions: [{ sessionVersion: 3 }],
});

function decodes(schema: DescMessage, bytes: Uint8Array): boolean {
  return checkWire(schema, bytes) === undefined;
}

test("well-formed bytes pass", () => {
  expect(decodes(RecordStructureSchema, toBinary(RecordStructureSchema, RECORD))).toBe(true);
  expect(decodes(RecordStructureSchema, new Uint8Array(0))).toBe(true);
});

test("a record that is cut inside an inner message is refused at every length", () => {
  const bytes = toBinary(RecordStructureSchema, create(RecordStructureSchema, { currentSession: SESSION }));
  for (let length = 1; length < bytes.length; length++) {
    expect(() => decodeMessage(RecordStructureSchema, bytes.subarray(0, length), "decode session")).toThrow(
      CorruptError,
    );
  }
});

test("an inner message cannot reach out of its own length", () => {
  // Session of 2 bytes, whose root key claims 4; the runtime alone would take the record's next field for the key.
  const bytes = Uint8Array.of(0x0a, 2, 0x22, 4, 0x12, 2, 0x08, 3);
  expect(fromBinary(RecordStructureSchema, bytes).currentSession?.rootKey.length).toBe(4);
  expect(checkWire(RecordStructureSchema, bytes)).toBe("truncated");
});

test("a field of the wrong wire type is refused, not taken for the right one", () => {
  expect(checkWire(RecordStructureSchema, Uint8Array.of(0x08, 0))).toMatch(/field 1 has the wrong wire type/);
  expect(checkWire(SignedPreKeyRecordStructureSchema, Uint8Array.of(0x28, 1))).toMatch(/field 5/);
  expect(checkWire(SignedPreKeyRecordStructureSchema, Uint8Array.of(0x0a, 0))).toMatch(/field 1/);
});

test("packed and single elements of a repeated number are both read", () => {
  const bytes = Uint8Array.of(0x20, 1, 0x22, 3, 2, 0xac, 2, 0x20, 4);
  expect(checkWire(ADVKeyIndexListSchema, bytes)).toBeUndefined();
  expect(fromBinary(ADVKeyIndexListSchema, bytes).validIndexes).toEqual([1, 2, 300, 4]);
  expect(checkWire(ADVKeyIndexListSchema, Uint8Array.of(0x22, 2, 2, 0xac))).toBe("truncated");
});

test.each<[string, number[]]>([
  ["a length beyond the end", [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]],
  ["a length of 2^63", [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
  ["a varint without end", [0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
  ["field number 0", [0x00, 0x00]],
  ["a field number beyond 2^29", [0x80, 0x80, 0x80, 0x80, 0x10, 0x00]],
  ["a group", [0xa3, 0x06, 0xa4, 0x06]],
  ["wire type 6", [0xa6, 0x06]],
  ["half a fixed64 of an unknown field", [0xa1, 0x06, 1, 2, 3, 4]],
  ["half a fixed32 of an unknown field", [0xa5, 0x06, 1, 2]],
])("%s is refused", (_, bytes) => {
  expect(checkWire(RecordStructureSchema, Uint8Array.from(bytes))).toBeTypeOf("string");
});

test("text that is not UTF-8 is refused", () => {
  expect(checkWire(DeviceListSchema, Uint8Array.of(0x0a, 2, 0xc3, 0x28))).toBe("text is not UTF-8");
  expect(checkWire(DeviceListSchema, Uint8Array.of(0x0a, 2, 0xc3, 0xa9))).toBeUndefined();
});

test("what passes the check never fails in the runtime", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      if (decodes(RecordStructureSchema, bytes)) fromBinary(RecordStructureSchema, bytes);
      else expect(() => decodeMessage(RecordStructureSchema, bytes, "decode")).toThrow(CorruptError);
    }),
    { numRuns: 3_000 },
  );
});

test("a flipped bit is either refused or still a record, never another error", () => {
  const bytes = toBinary(RecordStructureSchema, RECORD);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = new Uint8Array(bytes);
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    try {
      decodeMessage(RecordStructureSchema, damaged, "decode session");
    } catch (error) {
      expect(error).toBeInstanceOf(CorruptError);
    }
  }
});

test("unknown fields survive, at the top and inside", () => {
  const unknown = [0xc2, 0x3e, 3, 1, 2, 3, 0xc8, 0x3e, 5];
  const bytes = Uint8Array.from([0x0a, unknown.length, ...unknown, ...unknown]);
  const message = decodeMessage(RecordStructureSchema, bytes, "decode session");
  expect(encodeMessage(RecordStructureSchema, message)).toEqual(bytes);
});

test("a decoded message shares no memory with the bytes it came from", () => {
  const bytes = Buffer.from(toBinary(RecordStructureSchema, RECORD));
  const message = decodeMessage(RecordStructureSchema, bytes, "decode session");
  bytes.fill(0);
  expect(message.currentSession?.rootKey).toEqual(new Uint8Array(32).fill(7));
  expect(message.currentSession?.rootKey.constructor).toBe(Uint8Array);
});

test("a value that is not bytes is the caller's mistake", () => {
  expect(() => decodeMessage(RecordStructureSchema, "" as unknown as Uint8Array, "decode session")).toThrow(
    TypeError,
  );
});
