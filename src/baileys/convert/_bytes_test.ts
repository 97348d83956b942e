import { describe, expect, test } from "vitest";
import { CorruptError, WrongLengthError } from "../../errors/mod.ts";
import { readBytes, requireBytes } from "./_bytes.ts";

test.each<[string, unknown]>([
  ["bytes", Uint8Array.of(1, 2, 255)],
  ["a Buffer", Buffer.from([1, 2, 255])],
  ["base64", "AQL/"],
  ["base64 in a Buffer's JSON", { type: "Buffer", data: "AQL/" }],
  ["an array in a Buffer's JSON", { type: "Buffer", data: [1, 2, 255] }],
  ["an object by index", { 0: 1, 1: 2, 2: 255 }],
  ["an object by index, written in another order", JSON.parse('{"2":255,"0":1,"1":2}')],
])("%s", (_, value) => {
  expect(readBytes(value)).toStrictEqual(Uint8Array.of(1, 2, 255));
});

describe("readBytes", () => {
  test("shares no memory with its input", () => {
    const bytes = Uint8Array.of(1);
    readBytes(bytes)?.fill(9);
    expect(bytes[0]).toBe(1);
  });
});

test.each<[string, unknown]>([
  ["nothing", undefined],
  ["null", null],
  ["a number", 5],
  ["an array", [1, 2]],
  ["text that is not base64", "AQ=L"],
  ["an object with a gap", { 0: 1, 2: 2 }],
  ["an object with another name", { 0: 1, a: 2 }],
  ["an index with a leading zero", { "00": 1 }],
  ["a value above 255", { 0: 256 }],
  ["a negative value", { type: "Buffer", data: [-1] }],
  ["a fraction", { type: "Buffer", data: [0.5] }],
  ["text in the array", { type: "Buffer", data: ["1"] }],
  ["a Buffer without data", { type: "Buffer" }],
])("returns undefined for %s", (_, value) => {
  expect(readBytes(value)).toBeUndefined();
  expect(() => requireBytes("read", "it", value)).toThrow(CorruptError);
});

describe("requireBytes", () => {
  test("distinguishes a wrong length from damage", () => {
    expect(requireBytes("read", "it", "AQL/", 3).length).toBe(3);
    expect(() => requireBytes("read", "it", "AQL/", 4)).toThrow(WrongLengthError);
  });
});
