import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { joinBytes } from "./join_bytes.ts";

describe("joinBytes", () => {
  test("agrees with Node", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 5 }), { maxLength: 5 }), (pieces) => {
        expect(Buffer.compare(joinBytes(pieces), Buffer.concat(pieces))).toBe(0);
      }),
    );
  });

  test("returns a plain array, or a single piece itself", () => {
    const piece = Buffer.from([1, 2]);
    expect(joinBytes([piece])).toBe(piece);
    expect(joinBytes([piece, piece.subarray(1)])).toEqual(Uint8Array.of(1, 2, 2));
    expect(joinBytes([])).toEqual(new Uint8Array(0));
  });
});
