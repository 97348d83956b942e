import { describe, expect, test } from "vitest";
import { HOSTILE_TEXTS } from "../testing/conformance/samples.ts";
import { checkOf, passes } from "./check.ts";
import {
  choice,
  flag,
  integer,
  list,
  map,
  object,
  optional,
  plain,
  type Rule,
  rows,
  text,
  tuple,
  uint64,
  value,
  variant,
} from "./rule.ts";

function accepts(rule: Rule, given: unknown): boolean {
  return passes(checkOf(rule, "value"), given);
}

function refusal(rule: Rule, given: unknown): Error {
  try {
    checkOf(rule, "value")(given);
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

describe("checkOf text", () => {
  test("accepts texts of any language and script", () => {
    for (const given of HOSTILE_TEXTS) expect(accepts(text("word"), given)).toBe(true);
  });

  test("rejects empty, long, truncated and ill-formed texts", () => {
    const bad = ["", "x".repeat(1_025), "a\0", "\ud800", "a\udc00b", 5, null, undefined, new String("a")];
    for (const given of bad) expect(refusal(text("word"), given)).toBeInstanceOf(TypeError);
    expect(refusal(text("word"), "\ude42\ud83d").message).toMatch(/not well-formed/);
  });

  test("allows an empty text, and applies max and pattern", () => {
    expect(accepts(text("word", { empty: true }), "")).toBe(true);
    expect(accepts(text("word", { max: 2 }), "abc")).toBe(false);
    expect(accepts(text("word", { pattern: /^a+$/ }), "aa")).toBe(true);
    expect(refusal(text("word", { pattern: /^a+$/ }), "ab").message).toBe("value is malformed");
  });
});

describe("checkOf bytes", () => {
  test("throws a TypeError for a type and a RangeError for a length", () => {
    for (const given of [[1], new ArrayBuffer(4), "text", undefined, new Uint16Array(2)]) {
      expect(refusal(value("key"), given)).toBeInstanceOf(TypeError);
    }
    expect(refusal(value("key", { min: 1 }), new Uint8Array(0))).toBeInstanceOf(RangeError);
    expect(refusal(value("key", { length: 4 }), new Uint8Array(5))).toBeInstanceOf(RangeError);
    expect(refusal(value("key", { length: 4 }), new Uint8Array(0))).toBeInstanceOf(RangeError);
    for (const given of [new Uint8Array(4), Buffer.alloc(4)]) {
      expect(accepts(value("key", { length: 4 }), given)).toBe(true);
    }
  });

  test("accepts 0 or one length where min is 0", () => {
    const rule = plain("signature", { min: 0, length: 4 });
    expect([0, 1, 3, 4, 5].filter((length) => accepts(rule, new Uint8Array(length)))).toEqual([0, 4]);
  });
});

describe("checkOf numbers and flags", () => {
  test("includes both ends of a range and rejects fractions", () => {
    const rule = integer("count", { min: 1, max: 3 });
    expect([0, 1, 2, 3, 4].filter((given) => accepts(rule, given))).toEqual([1, 2, 3]);
    for (const given of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(refusal(rule, given)).toBeInstanceOf(RangeError);
    }
    for (const given of ["2", 2n, null, undefined]) expect(refusal(rule, given)).toBeInstanceOf(TypeError);
    expect(accepts(integer("count"), Number.MAX_SAFE_INTEGER)).toBe(true);
    expect(accepts(integer("count"), 2 ** 53)).toBe(false);
  });

  test("accepts unsigned 64-bit integers as bigints", () => {
    for (const given of [0n, 2n ** 64n - 1n]) expect(accepts(uint64(), given)).toBe(true);
    for (const given of [-1n, 2n ** 64n]) expect(refusal(uint64(), given)).toBeInstanceOf(RangeError);
    expect(refusal(uint64(), 1)).toBeInstanceOf(TypeError);
  });

  test("rejects a number for a flag", () => {
    expect(accepts(flag(), false)).toBe(true);
    for (const given of [0, 1, "true", undefined]) expect(refusal(flag(), given)).toBeInstanceOf(TypeError);
  });

  test("accepts only listed choices", () => {
    expect(accepts(choice(["a", "b"]), "b")).toBe(true);
    for (const given of ["c", "", 1, undefined]) expect(accepts(choice(["a", "b"]), given)).toBe(false);
  });
});

describe("checkOf parts", () => {
  interface Inner {
    readonly id: number;
    readonly note?: string | undefined;
  }
  const inner = object<Inner>({ id: integer("count", { max: 9 }), note: optional(text("word")) });

  test("names the path of the part and no value", () => {
    const rule = object<{ readonly list: readonly Inner[] }>({ list: rows(inner) });
    const refusals = [
      refusal(rule, { list: [{ id: 1 }, { id: 12_345 }] }),
      refusal(rule, { list: [{ id: 1, note: "topsecret\0" }] }),
      refusal(rule, { list: "topsecret" }),
      refusal(rule, { list: [7] }),
      refusal(rule, null),
    ];
    expect(refusals.map(({ message }) => message)).toEqual([
      "value.list.id is not an integer from 0 to 9",
      "value.list.note contains a NUL",
      "value.list is not a list",
      "value.list is not an object",
      "value is not an object",
    ]);
  });

  test("rejects every other type with its own error", () => {
    const whole: Rule = object<Record<"list" | "map" | "tuple" | "object", unknown>>({
      list: list(inner),
      map: map(text("word"), value("value")),
      tuple: tuple(flag(), inner),
      object: inner,
    });
    const good = { list: [], map: new Map(), tuple: [true, { id: 1 }], object: { id: 1 } };
    expect(accepts(whole, good)).toBe(true);
    const others = [
      null,
      undefined,
      1,
      "text",
      true,
      1n,
      [],
      [null],
      {},
      new Map([[1, 2]]),
      new Uint8Array(1),
      Symbol("x"),
    ];
    for (const name of Object.keys(good)) {
      for (const other of others) {
        if (accepts(whole, { ...good, [name]: other })) continue;
        const { message } = refusal(whole, { ...good, [name]: other });
        expect(message, name).toMatch(/^(value|a key of value|a value of value)/);
      }
    }
  });

  test("limits the entries of a map and checks keys and values", () => {
    const rule = map(text("word"), value("value"), { maxEntries: 2 });
    const entries = (count: number) =>
      new Map(Array.from({ length: count }, (_, n) => [`n${n}`, new Uint8Array(0)]));
    expect(accepts(rule, entries(2))).toBe(true);
    expect(refusal(rule, entries(3))).toBeInstanceOf(RangeError);
    expect(accepts(rule, new Map([["", new Uint8Array(0)]]))).toBe(false);
    expect(accepts(rule, new Map([["a", "b"]]))).toBe(false);
  });

  test("accepts the members of the shape that the kind names", () => {
    type Shape = { readonly kind: "a"; readonly id: number } | { readonly kind: "b"; readonly note: string };
    const rule = variant<Shape>({ a: { id: integer("count") }, b: { note: text("word") } });
    expect(accepts(rule, { kind: "a", id: 1 })).toBe(true);
    expect(accepts(rule, { kind: "b", note: "x" })).toBe(true);
    expect(refusal(rule, { kind: "b", id: 1 }).message).toBe("value.note is not a string");
    for (const given of [{ kind: "c" }, { id: 1 }, { kind: "__proto__" }, null, "a"]) {
      expect(refusal(rule, given)).toBeInstanceOf(TypeError);
    }
  });

  test("accepts only tuples of its length", () => {
    const rule = tuple(flag(), flag());
    expect(accepts(rule, [true, false])).toBe(true);
    expect(refusal(rule, [true])).toBeInstanceOf(RangeError);
    expect(refusal(rule, [true, false, true])).toBeInstanceOf(RangeError);
    expect(refusal(rule, { length: 2 })).toBeInstanceOf(TypeError);
  });
});
