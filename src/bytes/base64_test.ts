import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBase64, encodeBase64 } from "./base64.ts";

test("bytes go to base64 and back, and Node agrees", () => {
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

test("long values are not limited by argument lists", () => {
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
])("%j is not base64", (text) => {
  expect(decodeBase64(text)).toBeUndefined();
});
