import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hexOf } from "./hex.ts";

describe("hexOf", () => {
  test("agrees with Node", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(hexOf(bytes)).toBe(Buffer.from(bytes).toString("hex"));
      }),
    );
  });
});
