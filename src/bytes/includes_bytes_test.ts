import { describe, expect, test } from "vitest";
import { includesBytes } from "./includes_bytes.ts";

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

describe("includesBytes", () => {
  test("finds a part at the start, inside and at the end", () => {
    for (const part of ["ab", "bcb", "bcd", "d", "abcbcd"]) {
      expect(includesBytes(bytes("abcbcd"), bytes(part)), part).toBe(true);
    }
  });

  test("finds the empty part in all bytes", () => {
    expect(includesBytes(new Uint8Array(0), new Uint8Array(0))).toBe(true);
    expect(includesBytes(bytes("a"), new Uint8Array(0))).toBe(true);
  });

  test("does not find what is longer, cut off or in another order", () => {
    for (const part of ["abcbcde", "cde", "ba", "dc", "x"]) {
      expect(includesBytes(bytes("abcbcd"), bytes(part)), part).toBe(false);
    }
    expect(includesBytes(new Uint8Array(0), bytes("a"))).toBe(false);
  });
});
