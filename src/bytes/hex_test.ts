import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeHex, hexOf } from "./hex.ts";

describe("hexOf", () => {
  test("agrees with Node", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(hexOf(bytes)).toBe(Buffer.from(bytes).toString("hex"));
      }),
    );
  });
});

describe("decodeHex", () => {
  test("reads what hexOf writes, in either case", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodeHex(hexOf(bytes))).toEqual(bytes);
        expect(decodeHex(hexOf(bytes).toUpperCase())).toEqual(bytes);
      }),
    );
  });

  test.each(["0", "abc", "0g", "@1", "0x10", "٠٠", "00\n", " 00"])("refuses %j", (text) => {
    expect(decodeHex(text)).toBeUndefined();
  });
});
