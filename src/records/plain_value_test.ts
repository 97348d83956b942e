import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CorruptError } from "../errors/mod.ts";
import { decodePlainValue, encodePlainValue, type PlainValue } from "./mod.ts";

const scalar: fc.Arbitrary<PlainValue> = fc.oneof(
  fc.constant(undefined),
  fc.boolean(),
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.string({ unit: "grapheme" }),
  fc.constant("\ufefftext"),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.uint8Array(),
);
const name = fc.oneof(fc.constantFrom("__proto__", "constructor", "toString", "", "\ufeffname"), fc.string());
const { value } = fc.letrec<{ value: PlainValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(name, tie("value")), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc
      .array(fc.tuple(name, tie("value")), { maxLength: 4 })
      .map((entries) => Object.fromEntries(entries.filter(([, member]) => member !== undefined))),
  ),
}));

test("every plain value comes back as it was", () => {
  fc.assert(
    fc.property(value, (input) => {
      expect(isDeepStrictEqual(decodePlainValue(encodePlainValue(input)), input)).toBe(true);
    }),
  );
});

test("bytes that come back are copies", () => {
  const encoded = encodePlainValue({ key: Uint8Array.of(1, 2, 3) });
  const { key } = decodePlainValue(encoded) as { key: Uint8Array };
  encoded.fill(0);
  expect(key).toEqual(Uint8Array.of(1, 2, 3));
});

test("what is no plain data is refused", () => {
  for (const input of [
    "\ud800",
    { "a\udc00": 1 },
    null,
    () => 1,
    Symbol("x"),
    [null],
    { inner: { f() {} } },
  ]) {
    expect(() => encodePlainValue(input)).toThrow(TypeError);
  }
});

test("what lies too deep is refused on both ways, however deep", () => {
  let deep: PlainValue = 1;
  for (let n = 0; n < 17; n += 1) deep = [deep];
  expect(() => encodePlainValue(deep)).toThrow(TypeError);
  let bytes = new Uint8Array();
  for (let n = 0; n < 5_000; n += 1) bytes = nest(bytes);
  expect(() => decodePlainValue(bytes)).toThrow(CorruptError);
});

test("hostile bytes are corrupt, and nothing else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        decodePlainValue(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(CorruptError);
      }
    }),
    { numRuns: 2_000 },
  );
  // Two kinds at once: a boolean and a text.
  expect(() => decodePlainValue(Uint8Array.of(0x08, 1, 0x1a, 1, 0x78))).toThrow(CorruptError);
  // An integer that is none.
  expect(() => decodePlainValue(Uint8Array.of(0x2a, 1, 0x78))).toThrow(CorruptError);
});

/** A list (field 6) with one item (field 1). */
function nest(inner: Uint8Array): Uint8Array<ArrayBuffer> {
  const item = [0x0a, ...varint(inner.length)];
  const list = [0x32, ...varint(item.length + inner.length)];
  const bytes = new Uint8Array(list.length + item.length + inner.length);
  bytes.set([...list, ...item]);
  bytes.set(inner, list.length + item.length);
  return bytes;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}
