import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeTagged, encodeTagged } from "./tagged_json.ts";

function roundTrip(value: unknown): unknown {
  return decodeTagged(encodeTagged(value), (bytes) => bytes);
}

describe("encodeTagged and decodeTagged", () => {
  test("round-trip values", () => {
    const value = fc.anything({
      withBigInt: true,
      withNullPrototype: false,
      maxDepth: 4,
      values: [
        fc.boolean(),
        fc.integer(),
        fc.double(),
        fc.string(),
        fc.constantFrom(null, undefined, Number.NaN, Number.POSITIVE_INFINITY, -0),
        fc.bigInt(),
        fc.uint8Array(),
      ],
      key: fc.oneof(
        fc.string(),
        fc.constantFrom("$bytes", "$object", "$", "__proto__", "constructor", "toJSON"),
      ),
    });
    fc.assert(
      fc.property(value, (input) => {
        // Unlike vitest's equality, this one does not read a property named "constructor".
        expect(isDeepStrictEqual(roundTrip(input), input)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("keep an object that looks like a tag", () => {
    for (const value of [
      { $bytes: "AA" },
      { $object: { $bytes: "AA" } },
      { $new: 1 },
      { $bytes: "AA", b: 1 },
    ]) {
      expect(roundTrip(value)).toStrictEqual(value);
    }
  });

  test("pass bytes in any form to the wrapper", () => {
    const stored = encodeTagged([
      Buffer.from([1, 2]),
      { type: "Buffer", data: "AQI=" },
      { type: "Buffer", data: [1, 2] },
    ]);
    expect(decodeTagged(stored, (bytes) => Buffer.from(bytes))).toStrictEqual([
      Buffer.from([1, 2]),
      Buffer.from([1, 2]),
      Buffer.from([1, 2]),
    ]);
  });

  test("omit functions and symbols, as JSON does", () => {
    expect(roundTrip({ a: () => 1, b: Symbol("b"), c: [() => 1] })).toStrictEqual({ c: [undefined] });
  });

  test("throw a TypeError for a cycle", () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(() => encodeTagged(cycle)).toThrow(TypeError);
  });
});
