/** Codecs of single records: round trips, absent parts, and invalid bytes. */
import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PreKeyRecordStructureSchema } from "../../test/support/proto/holdfast/v1/pre_key_pb.ts";
import {
  RecordStructureSchema,
  SenderKeyRecordStructureSchema,
} from "../../test/support/proto/holdfast/v1/signal_storage_pb.ts";
import { CorruptError, WrongLengthError } from "../errors/mod.ts";
import { encodeMessage } from "../protobuf/mod.ts";
import { HashStateSchema } from "./gen/app_state.ts";
import * as records from "./mod.ts";

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const seconds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const names = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("", "__proto__", "constructor", "toString"),
);
const namedBytes = fc
  .array(fc.tuple(names, fc.uint8Array({ maxLength: 40 })))
  .map((entries) => new Map(entries));

describe("decodePendingMessage and encodePendingMessage", () => {
  const message = fc.record(
    {
      attributes: fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" })),
      plaintexts: fc.array(fc.uint8Array({ maxLength: 40 })),
      verifiedName: fc.uint8Array({ maxLength: 40 }),
      retryCount: uint32,
    },
    { requiredKeys: ["attributes", "plaintexts"] },
  );

  test("round-trip", () => {
    fc.assert(
      fc.property(message, (value) => {
        const decoded = records.decodePendingMessage(records.encodePendingMessage(value));
        expect(decoded).toEqual({ ...value, attributes: { ...value.attributes } });
      }),
    );
  });

  test("reject what is not a message", () => {
    expect(() => records.decodePendingMessage(Uint8Array.of(0x0a, 2, 0x0a, 0))).toThrow(CorruptError);
    expect(() => records.decodePendingMessage(Uint8Array.of(0x12, 0))).toThrow(/content is missing/);
    const attributes = { id: 1 as unknown as string };
    expect(() => records.encodePendingMessage({ attributes, plaintexts: [] })).toThrow(TypeError);
  });
});

describe("decodeHashState and encodeHashState", () => {
  test("round-trip, with equal bytes for equal states", () => {
    const state = fc.record({
      version: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      hash: bytes(128),
      indexValueMap: namedBytes,
      macMismatchFatal: fc.boolean(),
    });
    fc.assert(
      fc.property(state, (value) => {
        const encoded = records.encodeHashState(value);
        expect(records.decodeHashState(encoded)).toEqual(value);
        const reordered = { ...value, indexValueMap: new Map([...value.indexValueMap].reverse()) };
        expect(records.encodeHashState(reordered)).toEqual(encoded);
      }),
    );
  });

  test("reject values out of range", () => {
    const state = {
      version: 0n,
      hash: new Uint8Array(128),
      indexValueMap: new Map(),
      macMismatchFatal: false,
    };
    expect(() => records.encodeHashState({ ...state, version: -1n })).toThrow(RangeError);
    expect(() => records.encodeHashState({ ...state, version: 2n ** 64n })).toThrow(RangeError);
    expect(() => records.encodeHashState({ ...state, version: 1 as unknown as bigint })).toThrow(TypeError);
    expect(() => records.encodeHashState({ ...state, hash: new Uint8Array(127) })).toThrow(
      /^encode hash state: hash is 127 bytes, expected 128$/,
    );
    expect(() =>
      records.encodeHashState({ ...state, indexValueMap: new Map([["\ud800", new Uint8Array(1)]]) }),
    ).toThrow(TypeError);
    expect(() => records.decodeHashState(Uint8Array.of(0x12, 3, 1, 2, 3))).toThrow(WrongLengthError);
    expect(() => records.decodeHashState(Uint8Array.of(0x12, 3, 1, 2, 3))).toThrow(
      /^decode hash state: hash is 3 bytes, expected 128$/,
    );
    expect(() => records.decodeHashState(Uint8Array.of(0x08, 1))).toThrow(
      /^decode hash state: hash is missing$/,
    );
  });

  test("keep the last of two entries with one key", () => {
    const entry = [0x1a, 6, 0x0a, 1, 0x61, 0x12, 1];
    const encoded = Uint8Array.from([0x12, 128, 1, ...new Array(128).fill(0), ...entry, 1, ...entry, 2]);
    expect(records.decodeHashState(encoded).indexValueMap).toEqual(new Map([["a", Uint8Array.of(2)]]));
  });
});

describe("decodeDeviceExtra", () => {
  test("reads back encodeDeviceExtra", () => {
    fc.assert(
      fc.property(namedBytes, (extra) => {
        expect(records.decodeDeviceExtra(records.encodeDeviceExtra(extra))).toEqual(extra);
      }),
    );
  });
});

describe("decodeSegment", () => {
  const entry = { chat: "1@lid", sender: "", id: "3EB0", payload: new Uint8Array([1, 2]), expiresAt: 7 };

  test("reads back a start and the entries that follow it", () => {
    const others = { ...entry, id: "3EB1", payload: new Uint8Array(0), expiresAt: Number.MAX_SAFE_INTEGER };
    const parts = [records.encodeSegmentStart(5), ...[entry, others].map(records.encodeSegmentEntry)];
    const decoded = records.decodeSegment(new Uint8Array(Buffer.concat(parts)));
    expect(decoded).toStrictEqual({ startedAt: 5, entries: [entry, others] });
  });

  test("throws for missing parts and for times out of range", () => {
    expect(() => records.decodeSegment(records.encodeSegmentEntry(entry))).toThrow(/started at is missing/);
    const cut = records.encodeSegmentEntry(entry).slice(0, -1);
    expect(() => records.decodeSegment(cut)).toThrow(CorruptError);
    expect(() => records.encodeSegmentStart(-1)).toThrow(RangeError);
    expect(() => records.encodeSegmentEntry({ ...entry, expiresAt: 0.5 })).toThrow(RangeError);
  });
});

describe("decodeDeviceList", () => {
  test("reads back encodeDeviceList, without absent parts", () => {
    const entry = fc.record(
      { deviceId: uint32, keyIndex: uint32, isHosted: fc.boolean() },
      { requiredKeys: ["deviceId"], noNullPrototype: true },
    );
    const list = fc.record(
      {
        user: fc.string({ unit: "grapheme" }),
        devices: fc.array(entry),
        timestamp: seconds,
        phash: fc.string({ unit: "grapheme" }),
        rawId: uint32,
      },
      { requiredKeys: ["user", "devices", "timestamp"], noNullPrototype: true },
    );
    fc.assert(
      fc.property(list, (value) => {
        expect(records.decodeDeviceList(records.encodeDeviceList(value))).toStrictEqual(value);
      }),
    );
    expect(() => records.encodeDeviceList({ user: "1", devices: [{ deviceId: -1 }], timestamp: 0 })).toThrow(
      RangeError,
    );
    expect(() => records.decodeDeviceList(new Uint8Array(0))).toThrow(/user is missing/);
  });
});

describe("decodeServerCertChain", () => {
  test("reads back encodeServerCertChain", () => {
    const cert = fc.record({ key: bytes(32), notBefore: seconds, notAfter: seconds });
    fc.assert(
      fc.property(fc.record({ intermediate: cert, leaf: cert }), (chain) => {
        expect(records.decodeServerCertChain(records.encodeServerCertChain(chain))).toEqual(chain);
      }),
    );
    const cert31 = { key: new Uint8Array(31), notBefore: 0, notAfter: 0 };
    expect(() => records.encodeServerCertChain({ intermediate: cert31, leaf: cert31 })).toThrow(RangeError);
    expect(() => records.decodeServerCertChain(Uint8Array.of(0x0a, 2, 0x0a, 0))).toThrow(WrongLengthError);
    expect(() => records.decodeServerCertChain(new Uint8Array(0))).toThrow(/a certificate is missing/);
  });
});

describe("decodeSyncKey and encodeSyncKey", () => {
  test("reject an empty key", () => {
    const key = { keyData: new Uint8Array(0), fingerprint: new Uint8Array(0), timestamp: 0 };
    expect(() => records.encodeSyncKey(key)).toThrow(RangeError);
    expect(() => records.decodeSyncKey(new Uint8Array(0))).toThrow(CorruptError);
    expect(() => records.decodeSyncKey(Uint8Array.of(0x0a, 0))).toThrow(WrongLengthError);
    expect(records.decodeSyncKey(Uint8Array.of(0x0a, 1, 9))).toEqual({
      keyData: Uint8Array.of(9),
      fingerprint: new Uint8Array(0),
      timestamp: 0,
    });
  });
});

describe("ADV codecs", () => {
  test("omit absent and empty parts of the proof of linking", () => {
    expect(records.decodeAdvSignedDeviceIdentity(new Uint8Array(0))).toStrictEqual({});
    expect(records.encodeAdvSignedDeviceIdentity({ accountSignatureKey: new Uint8Array(0) })).toEqual(
      new Uint8Array(0),
    );
    expect(records.decodeAdvSignedDeviceIdentity(Uint8Array.of(0x12, 0))).toStrictEqual({});
    expect(() => records.decodeAdvSignedDeviceIdentity(Uint8Array.of(0x12, 1, 1))).toThrow(WrongLengthError);
    expect(() => records.encodeAdvSignedDeviceIdentity({ deviceSignature: new Uint8Array(63) })).toThrow(
      RangeError,
    );
  });

  test("keeps unknown fields of the proof of linking, and only those", () => {
    const unknown = [0xc2, 0x3e, 2, 1, 2, 0xc8, 0x3e, 7];
    const identity = records.decodeAdvSignedDeviceIdentity(Uint8Array.of(0x0a, 1, 9, ...unknown));
    expect(identity).toStrictEqual({ details: Uint8Array.of(9), unknownFields: Uint8Array.from(unknown) });
    expect(records.encodeAdvSignedDeviceIdentity(identity)).toEqual(Uint8Array.of(0x0a, 1, 9, ...unknown));
    // A known field, half a field, no field.
    for (const unknownFields of [Uint8Array.of(0x0a, 1, 9), Uint8Array.of(0xc8), Uint8Array.of(7)]) {
      expect(() => records.encodeAdvSignedDeviceIdentity({ unknownFields })).toThrow(RangeError);
    }
  });

  test("round-trip signed key index lists", () => {
    const list = {
      details: Uint8Array.of(8, 1),
      accountSignature: new Uint8Array(64),
      accountSignatureKey: new Uint8Array(32),
    };
    expect(records.decodeAdvSignedKeyIndexList(records.encodeAdvSignedKeyIndexList(list))).toStrictEqual(
      list,
    );
    expect(() => records.decodeAdvSignedKeyIndexList(new Uint8Array(0))).toThrow(/details is missing/);
  });

  test("reject numbers beyond JavaScript's safe integers", () => {
    const timestamp = [0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    expect(() => records.decodeAdvKeyIndexList(Uint8Array.from(timestamp))).toThrow(
      /timestamp is out of range/,
    );
  });
});

const PRE_KEY = { id: 1, publicKey: new Uint8Array(32), privateKey: new Uint8Array(32) };

test.each<[string, Partial<records.PreKey>]>([
  ["id 0", { id: 0 }],
  ["id 2^24", { id: 2 ** 24 }],
  ["a short public key", { publicKey: new Uint8Array(31) }],
  ["a prefixed public key", { publicKey: new Uint8Array(33) }],
  ["an empty private key", { privateKey: new Uint8Array(0) }],
])("rejects %s", (_, part) => {
  expect(() => records.encodePreKey({ ...PRE_KEY, ...part })).toThrow(RangeError);
});

describe("decodePreKey", () => {
  test("rejects a damaged key", () => {
    const stored = (publicKey: number, privateKey: number, prefix = 5) =>
      toBinary(
        PreKeyRecordStructureSchema,
        create(PreKeyRecordStructureSchema, {
          id: 1,
          publicKey: new Uint8Array(publicKey).fill(prefix, 0, 1),
          privateKey: new Uint8Array(privateKey),
        }),
      );
    expect(records.decodePreKey(stored(33, 32)).publicKey.length).toBe(32);
    expect(() => records.decodePreKey(stored(34, 32))).toThrow(WrongLengthError);
    expect(() => records.decodePreKey(stored(33, 0))).toThrow(WrongLengthError);
    expect(() => records.decodePreKey(stored(33, 32, 6))).toThrow(CorruptError);
    expect(() => records.decodePreKey(new Uint8Array(0))).toThrow(/id is missing/);
  });
});

describe("decodeSessionRecord", () => {
  test("rejects a key of an invalid length anywhere", () => {
    const chain = { senderRatchetKey: new Uint8Array(33) };
    const bad = [
      { rootKey: new Uint8Array(31) },
      { senderChain: { senderRatchetKeyPrivate: new Uint8Array(33) } },
      { receiverChains: [chain, { chainKey: { key: new Uint8Array(1) } }] },
      { receiverChains: [{ messageKeys: [{ iv: new Uint8Array(15) }] }] },
      { node: { moreChains: [{ messageKeys: [{ seed: new Uint8Array(31) }] }] } },
    ];
    for (const session of bad) {
      for (const record of [
        { currentSession: session },
        { previousSessions: [session] },
        { moreSessions: [session] },
      ]) {
        const encoded = toBinary(RecordStructureSchema, create(RecordStructureSchema, record));
        expect(() => records.decodeSessionRecord(encoded)).toThrow(WrongLengthError);
      }
    }
    const absent = Uint8Array.of(0x0a, 2, 0x22, 0);
    expect(records.decodeSessionRecord(absent).currentSession?.rootKey?.length).toBe(0);
  });
});

describe("decodeSenderKeyRecord", () => {
  test("rejects a state without its chain or signing key", () => {
    const state = {
      senderChainKey: { iteration: 0, seed: new Uint8Array(32) },
      senderSigningKey: { public: new Uint8Array(33).fill(5, 0, 1) },
      senderMessageKeys: [{ iteration: 0, seed: new Uint8Array(32) }],
    };
    const decode = (part: object) => {
      const record = create(SenderKeyRecordStructureSchema, { senderKeyStates: [{ ...state, ...part }] });
      return records.decodeSenderKeyRecord(toBinary(SenderKeyRecordStructureSchema, record));
    };
    expect(decode({}).senderKeyStates.length).toBe(1);
    expect(() => decode({ senderChainKey: undefined })).toThrow(CorruptError);
    expect(() => decode({ senderSigningKey: undefined })).toThrow(CorruptError);
    expect(() => decode({ senderSigningKey: {} })).toThrow(CorruptError);
    expect(() => decode({ senderChainKey: { seed: new Uint8Array(31) } })).toThrow(WrongLengthError);
    expect(() =>
      decode({ senderSigningKey: { public: new Uint8Array(33).fill(5, 0, 1), private: new Uint8Array(31) } }),
    ).toThrow(WrongLengthError);
    expect(() => decode({ senderMessageKeys: [{ seed: new Uint8Array(0) }] })).toThrow(WrongLengthError);
  });
});

describe("decodeDevices", () => {
  test("reads back encodeDevices in order, with optional parts", () => {
    const devices = [
      { deviceId: 0 },
      { deviceId: 7, keyIndex: 0 },
      { deviceId: 0xffff_ffff, keyIndex: 0xffff_ffff, isHosted: true },
      { deviceId: 2, isHosted: false },
    ];
    expect(records.decodeDevices(records.encodeDevices(devices))).toEqual(devices);
    expect(records.decodeDevices(records.encodeDevices([]))).toEqual([]);
    for (const keyIndex of [-1, 1.5, 2 ** 32, Number.NaN]) {
      expect(() => records.encodeDevices([{ deviceId: 1, keyIndex }])).toThrow(RangeError);
    }
    expect(() => records.decodeDevices(Uint8Array.of(0xff))).toThrow(CorruptError);
    // A device without an id.
    expect(() => records.decodeDevices(Uint8Array.of(0x12, 0x02, 0x10, 0x05))).toThrow(
      /device id is missing/,
    );
  });
});

describe("decodeIndexValues", () => {
  test("reads index values in order, for any names", () => {
    const values = new Map([
      ["b", Uint8Array.of(1)],
      ["a", new Uint8Array(0)],
      ["__proto__", Uint8Array.of(2)],
      ["é😀", Uint8Array.of(3)],
      ["\ufeffmark", Uint8Array.of(4)],
      ["mark", Uint8Array.of(5)],
    ]);
    const map = [...values].map(([key, value]) => ({ key, value }));
    const read = records.decodeIndexValues(encodeMessage(HashStateSchema, { map }, "encode"));
    expect([...read]).toEqual([...values]);
    expect(() => records.decodeIndexValues(Uint8Array.of(0x1a, 0x05))).toThrow(CorruptError);
  });
});
