import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeBase64 } from "../../bytes/mod.ts";
import { CorruptError, WrongLengthError } from "../../errors/mod.ts";
import { decodeSenderKeyRecord, encodeSenderKeyRecord } from "../../records/mod.ts";
import { recordToSenderKey, senderKeyToRecord } from "./sender_key.ts";

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const signingPublic = bytes(32).map((key) => Uint8Array.of(5, ...key));
const step = fc.record({ iteration: uint32, seed: bytes(32) });

const theirs = fc.record({
  senderKeyId: uint32,
  senderChainKey: step,
  senderSigningKey: fc.record({ public: signingPublic, private: fc.constant(new Uint8Array(0)) }),
  senderMessageKeys: fc.array(step, { maxLength: 5 }),
});

const ours = fc.record({
  senderKeyId: uint32,
  senderChainKey: step,
  senderSigningKey: fc.record({ public: signingPublic, private: bytes(32) }),
  senderMessageKeys: fc.constant([]),
});

/** The encodings of bytes that clients use. */
const ENCODINGS: ((value: Uint8Array) => unknown)[] = [
  (value) => ({ type: "Buffer", data: encodeBase64(value) }),
  (value) => ({ type: "Buffer", data: [...value] }),
  (value) => ({ ...value }),
  (value) => encodeBase64(value),
];

function json(states: unknown, encoding: number): string {
  return JSON.stringify(states, (_, value) =>
    value instanceof Uint8Array ? ENCODINGS[encoding]?.(value) : value,
  );
}

function parse(stored: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(stored), (_, value) =>
    value?.type === "Buffer" ? new Uint8Array(Buffer.from(value.data, "base64")) : value,
  );
}

const KEY = encodeBase64(new Uint8Array(32).fill(1));
const STATE = {
  senderKeyId: 7,
  senderChainKey: { iteration: 3, seed: KEY },
  senderSigningKey: { public: KEY },
  senderMessageKeys: [{ iteration: 1, seed: KEY }],
};

describe("senderKeyToRecord and recordToSenderKey", () => {
  test("round-trip any sender key in any encoding of bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(theirs, ours), { maxLength: 5 }), fc.nat(3), (states, encoding) => {
        const text = json(states, encoding);
        const record = senderKeyToRecord(text);
        expect(senderKeyToRecord(Buffer.from(text))).toEqual(record);
        expect(parse(recordToSenderKey(record))).toEqual(states);
        expect(senderKeyToRecord(recordToSenderKey(record))).toEqual(record);
      }),
    );
  });

  test("put the newest state last for Baileys, first in the standard", () => {
    const record = senderKeyToRecord([1, 2, 3].map((senderKeyId) => ({ ...STATE, senderKeyId })));
    expect(decodeSenderKeyRecord(record).senderKeyStates.map(({ senderKeyId }) => senderKeyId)).toEqual([
      3, 2, 1,
    ]);
  });

  test("keep the newest five states", () => {
    const record = senderKeyToRecord([1, 2, 3, 4, 5, 6, 7].map((senderKeyId) => ({ ...STATE, senderKeyId })));
    expect(decodeSenderKeyRecord(record).senderKeyStates.map(({ senderKeyId }) => senderKeyId)).toEqual([
      7, 6, 5, 4, 3,
    ]);
  });

  test("add the prefix of a public signing key, and no private key", () => {
    const [state] = decodeSenderKeyRecord(senderKeyToRecord([STATE])).senderKeyStates;
    expect([...(state?.senderSigningKey?.public ?? [])]).toEqual([5, ...new Uint8Array(32).fill(1)]);
    expect(Object.hasOwn(state?.senderSigningKey ?? {}, "private")).toBe(false);
  });

  test("keep the newest 2,000 skipped keys of peers' states only", () => {
    const senderMessageKeys = Array.from({ length: 2_005 }, (_, iteration) => ({ iteration, seed: KEY }));
    const own = { ...STATE, senderMessageKeys, senderSigningKey: { public: KEY, private: KEY } };
    const [other, mine] = decodeSenderKeyRecord(
      senderKeyToRecord([own, { ...STATE, senderMessageKeys }]),
    ).senderKeyStates;
    expect(mine?.senderMessageKeys.length).toBe(0);
    expect(other?.senderMessageKeys.length).toBe(2_000);
    expect(other?.senderMessageKeys[0]?.iteration).toBe(5);
  });

  test("convert a key without states to zero bytes and back", () => {
    expect(senderKeyToRecord("[]")).toEqual(new Uint8Array(0));
    expect(new TextDecoder().decode(recordToSenderKey(new Uint8Array(0)))).toBe("[]");
  });

  test("read another client's record without prefixes", () => {
    const record = {
      senderKeyStates: [
        {
          senderChainKey: { seed: new Uint8Array(32) },
          senderSigningKey: { public: new Uint8Array(32).fill(1) },
          senderMessageKeys: [],
        },
      ],
    };
    expect(parse(recordToSenderKey(encodeSenderKeyRecord(record)))).toMatchObject([
      {
        senderKeyId: 0,
        senderSigningKey: {
          public: Uint8Array.of(5, ...new Uint8Array(32).fill(1)),
          private: new Uint8Array(0),
        },
      },
    ]);
  });
});

test.each<[string, unknown]>([
  ["nothing", undefined],
  ["an object", {}],
  ["text that is not JSON", "["],
  ["a state that is not an object", [null]],
  ["a state without chain", [{ ...STATE, senderChainKey: undefined }]],
  ["a state without signing key", [{ ...STATE, senderSigningKey: undefined }]],
  ["a state without id", [{ ...STATE, senderKeyId: undefined }]],
  ["a negative iteration", [{ ...STATE, senderChainKey: { iteration: -1, seed: KEY } }]],
  ["message keys that are not an array", [{ ...STATE, senderMessageKeys: {} }]],
  ["a seed that is not bytes", [{ ...STATE, senderMessageKeys: [{ iteration: 1, seed: 5 }] }]],
  [
    "a signing key of an unknown type",
    [{ ...STATE, senderSigningKey: { public: encodeBase64(new Uint8Array(33)) } }],
  ],
])("reject %s", (_, value) => {
  expect(() => senderKeyToRecord(value)).toThrow(CorruptError);
});

test.each<[string, object]>([
  ["chain seed", { senderChainKey: { iteration: 1, seed: "AAAA" } }],
  ["public signing key", { senderSigningKey: { public: "AAAA" } }],
  ["private signing key", { senderSigningKey: { public: KEY, private: "AAAA" } }],
  ["message seed", { senderMessageKeys: [{ iteration: 1, seed: "" }] }],
])("reject a %s of a wrong length", (_, part) => {
  expect(() => senderKeyToRecord([{ ...STATE, ...part }])).toThrow(WrongLengthError);
});
