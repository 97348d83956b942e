import { describe, expect, test } from "vitest";
import { cellOf, convertedCell, mixedCell } from "./cells.ts";

describe("cellOf", () => {
  test("reads integers, booleans, bytes and texts", () => {
    expect(cellOf("9007199254740991", 20)).toBe(9_007_199_254_740_991);
    expect(cellOf("12", 1700)).toBe(12);
    expect([cellOf("t", 16), cellOf("f", 16)]).toEqual([1, 0]);
    expect(cellOf("\\x00ff", 17)).toEqual(new Uint8Array([0, 255]));
    expect(cellOf("12", 25)).toBe("12");
    expect(cellOf(null, 20)).toBeNull();
  });
});

test("convertedCell reads what a client has converted", () => {
  expect(convertedCell(12n, 20)).toBe(12);
  expect(convertedCell("12", 20)).toBe(12);
  expect(convertedCell(true, 16)).toBe(1);
  const bytes = new Uint8Array([1, 2]);
  const read = convertedCell(bytes, 17) as Uint8Array;
  expect(read).toEqual(bytes);
  expect(read.buffer).not.toBe(bytes.buffer);
  expect(convertedCell(undefined, 25)).toBeNull();
});

test("mixedCell reads a value by its first byte", () => {
  expect(mixedCell(new Uint8Array([0x69]))).toBe(1);
  expect(mixedCell(new Uint8Array([0x74, 0x31]))).toBe("1");
  expect(mixedCell(new Uint8Array([0x62, 0x31]))).toEqual(new Uint8Array([0x31]));
  expect(mixedCell(null)).toBeNull();
});
