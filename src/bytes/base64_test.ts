import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBase64, encodeBase64 } from "./base64.ts";

describe("decodeBase64", () => {
  test("reads back encodeBase64, which agrees with Node", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = encodeBase64(bytes);
        expect(text).toBe(Buffer.from(bytes).toString("base64"));
        expect(decodeBase64(text)).toEqual(bytes);
        expect(decodeBase64(text.replaceAll("=", ""))).toEqual(bytes);
        expect(decodeBase64(Buffer.from(bytes).toString("base64url"))).toEqual(bytes);
      }),
    );
  });

  test("reads values longer than an argument list", () => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7);
    expect(Buffer.compare(decodeBase64(encodeBase64(bytes)) ?? bytes.subarray(1), bytes)).toBe(0);
  });

  test.each([
    "A",
    "AAAAA",
    "A=",
    "AA=",
    "A===",
    "=",
    "====",
    "AA=A",
    "AAA A",
    "AAAé",
    "AAA\n",
    "AB==",
    "AAB=",
    "AA\u0100A",
  ])("rejects %j", (text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });
});
