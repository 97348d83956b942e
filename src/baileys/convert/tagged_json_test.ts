import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeTagged, encodeTagged } from "./tagged_json.ts";

function roundTrip(value: unknown): unknown {
  return decodeTagged(encodeTagged(value), (bytes) => bytes);
}

test("values come back as they were", () => {
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
      // Unlike vitest's equality this one does not ask a property called "constructor".
      expect(isDeepStrictEqual(roundTrip(input), input)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("an object that looks like a tag stays an object", () => {
  for (const value of [
    { $bytes: "AA" },
    { $object: { $bytes: "AA" } },
    { $new: 1 },
    { $bytes: "AA", b: 1 },
  ]) {
    expect(roundTrip(value)).toStrictEqual(value);
  }
});

test("bytes are handed to the wrapper, in whatever form they were given", () => {
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

test("functions and symbols are left out, as JSON has it", () => {
  expect(roundTrip({ a: () => 1, b: Symbol("b"), c: [() => 1] })).toStrictEqual({ c: [undefined] });
});

test("a cycle is an error of the caller", () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  expect(() => encodeTagged(cycle)).toThrow(TypeError);
});
