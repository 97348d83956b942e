import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CorruptError } from "../errors/mod.ts";
import { decodePlainValue, encodePlainValue, type PlainValue } from "./plain_value.ts";

const scalar: fc.Arbitrary<PlainValue> = fc.oneof(
  fc.constant(undefined),
  fc.boolean(),
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.string({ unit: "grapheme" }),
  fc.constant("\ufefftext"),
  fc.uint8Array(),
);
const name = fc.oneof(fc.constantFrom("__proto__", "constructor", "toString", "", "\ufeffname"), fc.string());
const { value } = fc.letrec<{ value: PlainValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }),
    fc
      .array(fc.tuple(name, tie("value")), { maxLength: 4 })
      .map((entries) => Object.fromEntries(entries.filter(([, member]) => member !== undefined))),
  ),
}));

describe("encodePlainValue", () => {
  test("round-trips with decodePlainValue", () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(isDeepStrictEqual(decodePlainValue(encodePlainValue(given)), given)).toBe(true);
      }),
    );
  });

  test("rejects values that are not plain data", () => {
    for (const given of [
      ...["\ud800", { "a\udc00": 1 }, null, () => 1, Symbol("x"), [null], { inner: { f() {} } }],
      ...[1n, new Map(), new Set()],
    ]) {
      expect(() => encodePlainValue(given)).toThrow(TypeError);
    }
  });

  test("rejects values nested too deeply", () => {
    let deep: PlainValue = 1;
    for (let n = 0; n < 16; n += 1) deep = [deep];
    expect(decodePlainValue(encodePlainValue(deep))).toEqual(deep);
    expect(() => encodePlainValue([deep])).toThrow(TypeError);
  });
});

describe("decodePlainValue", () => {
  test("copies bytes", () => {
    const encoded = encodePlainValue({ key: Uint8Array.of(1, 2, 3) });
    const { key } = decodePlainValue(encoded) as { key: Uint8Array };
    encoded.fill(0);
    expect(key).toEqual(Uint8Array.of(1, 2, 3));
  });

  test("throws only CorruptError for hostile bytes", () => {
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
  });

  test.each<[string, readonly number[]]>([
    ["no bytes", []],
    ["an unknown kind", [8]],
    ["something after it", [2, 2]],
    ["a list in a list, without end", Array.from({ length: 5_000 }, () => [6, 1]).flat()],
    ["more items than bytes", [6, 200, 1, 0]],
    ["more items than are allowed", [6, 0xa1, 0x8d, 6, ...Array.from({ length: 100_001 }, () => 0)]],
  ])("refuses %s", (_name, bytes) => {
    expect(() => decodePlainValue(new Uint8Array(bytes))).toThrow(CorruptError);
  });
});
