import { describe, expect, test } from "vitest";
import { WrongLengthError } from "../errors/mod.ts";
import { lengthCheckOf } from "./lengths.ts";
import { list, map, object, optional, plain, text, tuple, value, variant } from "./rule.ts";

const KEY = value("key", { length: 4 });

describe("lengthCheckOf", () => {
  test("finds a wrong length anywhere and names the value", () => {
    const wrong = new Uint8Array(3);
    const cases = [
      [KEY, wrong],
      [optional(KEY), wrong],
      [list(optional(KEY)), [undefined, new Uint8Array(4), wrong]],
      [tuple(text("word"), KEY), ["a", wrong]],
      [map(text("word"), KEY), new Map([["a", wrong]])],
      [variant<{ kind: "a"; key: Uint8Array }>({ a: { key: KEY } }), { kind: "a", key: wrong }],
      [
        object<{ a: { key: Uint8Array } }>({ a: object<{ key: Uint8Array }>({ key: KEY }) }),
        { a: { key: wrong } },
      ],
    ] as const;
    for (const [rule, given] of cases) {
      expect(() => lengthCheckOf(rule, "load")?.(given)).toThrow(
        new WrongLengthError("load: key is 3 bytes, expected 4"),
      );
    }
  });

  test("accepts absent values, and empty ones where min is 0", () => {
    expect(() => lengthCheckOf(optional(KEY), "load")?.(undefined)).not.toThrow();
    expect(() =>
      lengthCheckOf(plain("key", { min: 0, length: 4 }), "load")?.(new Uint8Array(0)),
    ).not.toThrow();
    expect(() => lengthCheckOf(KEY, "load")?.(new Uint8Array(0))).toThrow(WrongLengthError);
  });

  test("returns undefined where the rule has no length", () => {
    expect(
      lengthCheckOf(list(object<{ a: Uint8Array }>({ a: value("a", { min: 1 }) })), "load"),
    ).toBeUndefined();
  });
});
