import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HOSTILE_TEXTS } from "../testing/conformance/samples.ts";
import { decodeUtf8, encodeUtf8, isWellFormed } from "./utf8.ts";

describe("decodeUtf8", () => {
  test("returns what encodeUtf8 was given", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(decodeUtf8(encodeUtf8(text))).toBe(text);
      }),
    );
    for (const text of HOSTILE_TEXTS) expect(decodeUtf8(encodeUtf8(text))).toBe(text);
  });

  test("keeps a byte order mark", () => {
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe("\ufeffa");
  });

  test.each([
    ["a continuation byte alone", [0x80]],
    ["a sequence that is truncated", [0xe2, 0x82]],
    ["an overlong form", [0xc0, 0xaf]],
    ["an encoded surrogate", [0xed, 0xa0, 0x80]],
    ["a code point beyond the last", [0xf4, 0x90, 0x80, 0x80]],
  ])("returns undefined for %s", (_, bytes) => {
    expect(decodeUtf8(Uint8Array.from(bytes))).toBeUndefined();
  });
});

describe("isWellFormed", () => {
  test.each([
    ["", true],
    ["Ada", true],
    ["\u{1f642}", true],
    ["\ud83d", false],
    ["a\ude42", false],
    ["\ude42\ud83d", false],
  ])("of %j is %j", (text, expected) => {
    expect(isWellFormed(text)).toBe(expected);
  });
});
