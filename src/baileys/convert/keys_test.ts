/** Round trips of the values of Baileys' other key types, with values that Baileys itself creates. */
import { BufferJSON, Curve, newLTHashState, proto } from "baileys";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CorruptError, WrongLengthError } from "../../errors/mod.ts";
import { decodePreKey } from "../../records/mod.ts";
import * as convert from "./mod.ts";

const wrapBytes = (bytes: Uint8Array) => Buffer.from(bytes);
const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((value) => Buffer.from(value));

/** A value in memory, as Baileys reads it from its files, and as stored in them. */
function formsOf(value: unknown): unknown[] {
  const text = JSON.stringify(value, BufferJSON.replacer);
  return [value, JSON.parse(text, BufferJSON.reviver), JSON.parse(text)];
}

describe("converters of Baileys' keys", () => {
  test("round-trip pre-keys", () => {
    const pair = Curve.generateKeyPair();
    for (const form of formsOf(pair)) {
      const record = convert.preKeyToRecord(7, form);
      expect(decodePreKey(record).id).toBe(7);
      expect(convert.recordToPreKey(record, wrapBytes)).toStrictEqual(pair);
    }
    expect(convert.recordToPreKey(convert.preKeyToRecord(7, pair)).private.constructor).toBe(Uint8Array);
    expect(() => convert.preKeyToRecord(0, pair)).toThrow(CorruptError);
    expect(() => convert.preKeyToRecord(7, undefined)).toThrow(CorruptError);
    expect(() => convert.preKeyToRecord(7, { ...pair, private: Buffer.alloc(0) })).toThrow(WrongLengthError);
    expect(() => convert.preKeyToRecord(7, { ...pair, public: Buffer.alloc(31) })).toThrow(WrongLengthError);
  });

  test("parse pre-key ids", () => {
    expect(["1", "812", "16777215"].map(convert.preKeyIdOf)).toEqual([1, 812, 16_777_215]);
    for (const id of ["", "0", "01", "16777216", "-1", "1.5", "1e3", "a", " 1"])
      expect(convert.preKeyIdOf(id)).toBeUndefined();
  });

  test("round-trip identity keys", () => {
    const key = Buffer.from([5, ...Curve.generateKeyPair().public]);
    for (const form of formsOf(key))
      expect(convert.rawToIdentityKey(convert.identityKeyToRaw(form), wrapBytes)).toStrictEqual(key);
    expect(convert.identityKeyToRaw(key).length).toBe(32);
    expect(() => convert.identityKeyToRaw(Buffer.alloc(0))).toThrow(WrongLengthError);
    expect(() => convert.identityKeyToRaw(Buffer.alloc(33))).toThrow(CorruptError);
  });

  test("round-trip app-state sync keys", () => {
    const plain = {
      keyData: Buffer.alloc(32, 7),
      fingerprint: { rawId: 5, currentIndex: 0, deviceIndexes: [0, 3] },
      timestamp: 1_700_000_000_000,
    };
    const message = proto.Message.AppStateSyncKeyData.fromObject(plain);
    const decoded = proto.Message.AppStateSyncKeyData.decode(
      proto.Message.AppStateSyncKeyData.encode(message).finish(),
    );
    for (const form of [plain, message, decoded, JSON.parse(JSON.stringify(message)), ...formsOf(message)]) {
      expect(convert.syncKeyToBaileys(convert.baileysToSyncKey(form), wrapBytes)).toStrictEqual(plain);
    }
    const bare = { keyData: Buffer.alloc(32, 7), timestamp: 0 };
    expect(
      convert.syncKeyToBaileys(convert.baileysToSyncKey({ keyData: bare.keyData }), wrapBytes),
    ).toStrictEqual(bare);
    const partial = { ...bare, fingerprint: { deviceIndexes: [1] } };
    expect(convert.syncKeyToBaileys(convert.baileysToSyncKey(partial), wrapBytes)).toStrictEqual(partial);
  });

  test.each<[string, object]>([
    ["no key data", { keyData: undefined }],
    ["empty key data", { keyData: "" }],
    ["a timestamp that is not a number", { timestamp: "soon" }],
    ["a negative timestamp", { timestamp: { low: -1, high: -1 } }],
    ["a timestamp beyond 2^53", { timestamp: { low: 0, high: 2 ** 22 } }],
    ["device indexes that are not an array", { fingerprint: { deviceIndexes: "0" } }],
    ["a negative index", { fingerprint: { currentIndex: -1 } }],
  ])("reject an app-state sync key with %s", (_, part) => {
    expect(() => convert.baileysToSyncKey({ keyData: Buffer.alloc(32), ...part })).toThrow(CorruptError);
  });

  test("round-trip ids of app-state sync keys", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 12 }), (keyId) => {
        const id = Buffer.from(keyId).toString("base64");
        expect(convert.bytesToSyncKeyId(keyId)).toBe(id);
        expect(convert.syncKeyIdToBytes(id)).toEqual(keyId);
      }),
    );
    expect(convert.syncKeyIdToBytes("")).toBeUndefined();
    expect(convert.syncKeyIdToBytes("%")).toBeUndefined();
  });

  test("app-state versions", () => {
    expect(convert.hashStateToBaileys(convert.baileysToHashState(newLTHashState()), wrapBytes)).toStrictEqual(
      newLTHashState(),
    );
    const state = fc.record(
      {
        version: fc.maxSafeNat(),
        hash: bytes(128),
        indexValueMap: fc.dictionary(
          fc.oneof(fc.base64String(), fc.constant("__proto__")),
          fc.record({ valueMac: bytes(32) }, { noNullPrototype: true }),
          { noNullPrototype: true },
        ),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(state, (value) => {
        for (const form of [value, JSON.parse(JSON.stringify(value, BufferJSON.replacer))]) {
          expect(convert.hashStateToBaileys(convert.baileysToHashState(form), wrapBytes)).toStrictEqual(
            value,
          );
        }
      }),
    );
  });

  test("reject invalid app-state versions", () => {
    expect(() => convert.baileysToHashState({ ...newLTHashState(), version: -1 })).toThrow(CorruptError);
    expect(() => convert.baileysToHashState({ ...newLTHashState(), version: "1" })).toThrow(CorruptError);
    expect(() => convert.baileysToHashState({ ...newLTHashState(), hash: Buffer.alloc(127) })).toThrow(
      WrongLengthError,
    );
    expect(() => convert.baileysToHashState({ ...newLTHashState(), indexValueMap: { a: {} } })).toThrow(
      CorruptError,
    );
    const beyond = { ...convert.baileysToHashState(newLTHashState()), version: 2n ** 53n };
    expect(() => convert.hashStateToBaileys(beyond)).toThrow(CorruptError);
  });

  test("round-trip sender key memories", () => {
    const memory = { "5511:3@s.whatsapp.net": true, "1000@lid": false };
    const devices = convert.senderKeyMemoryToDevices(memory);
    expect(devices).toEqual([
      ["5511:3@s.whatsapp.net", true],
      ["1000@lid", false],
    ]);
    expect(convert.devicesToSenderKeyMemory(devices)).toStrictEqual(memory);
    expect(convert.senderKeyMemoryToDevices({})).toEqual([]);
    expect(() => convert.senderKeyMemoryToDevices({ a: 1 })).toThrow(CorruptError);
    expect(() => convert.senderKeyMemoryToDevices([])).toThrow(CorruptError);
  });

  test("parse LID mappings", () => {
    expect(convert.lidMappingIdOf("5511")).toEqual({ kind: "lid-of", phoneNumber: "5511" });
    expect(convert.lidMappingIdOf("1000_reverse")).toEqual({ kind: "phone-number-of", lid: "1000" });
    expect(convert.lidMappingToUser("1000")).toBe("1000");
    for (const value of ["", 5, undefined])
      expect(() => convert.lidMappingToUser(value)).toThrow(CorruptError);
  });

  test("round-trip device lists", () => {
    const list = ["0", "3", "65535"];
    expect(convert.deviceListToDevices(list)).toEqual([
      { deviceId: 0 },
      { deviceId: 3 },
      { deviceId: 65_535 },
    ]);
    expect(convert.devicesToDeviceList(convert.deviceListToDevices(list))).toEqual(list);
    for (const value of [undefined, "0", ["x"], ["-1"], ["65536"], ["03"], [1.5]]) {
      expect(() => convert.deviceListToDevices(value)).toThrow(CorruptError);
    }
  });

  test("round-trip trusted-contact tokens", () => {
    const tokens = [
      { token: Buffer.from([1, 2, 3]), timestamp: "1700000000", senderTimestamp: 1_700_000_001 },
      { token: Buffer.from([1]), timestamp: "1700000000" },
      { token: Buffer.alloc(0), senderTimestamp: 5 },
      { token: Buffer.from([1]) },
    ];
    for (const token of tokens) {
      for (const form of formsOf(token))
        expect(convert.entryToTcToken(convert.tcTokenToEntry(form), wrapBytes)).toStrictEqual(token);
    }
    expect(convert.tcTokenToEntry({ token: "AQ==", timestamp: 7 })).toEqual({
      token: Uint8Array.of(1),
      tokenTimestamp: 7,
    });
    expect(() => convert.tcTokenToEntry({ token: 5 })).toThrow(CorruptError);
    expect(() => convert.tcTokenToEntry({ token: "", timestamp: "soon" })).toThrow(CorruptError);
    expect(() => convert.tcTokenToEntry({ token: "", senderTimestamp: -1 })).toThrow(CorruptError);
  });

  test("round-trip the index of trusted-contact tokens", () => {
    const jids = ["5511@s.whatsapp.net", "1000@lid"];
    const index = { token: Buffer.from(JSON.stringify(jids)) };
    for (const form of formsOf(index)) expect(convert.tcTokenIndexToJids(form)).toEqual(jids);
    expect(convert.jidsToTcTokenIndex(jids, wrapBytes)).toStrictEqual(index);
    for (const token of [
      undefined,
      Buffer.from("{}"),
      Buffer.from("[1]"),
      Buffer.from("["),
      Buffer.from([0xff]),
    ]) {
      expect(() => convert.tcTokenIndexToJids({ token })).toThrow(CorruptError);
    }
  });
});
