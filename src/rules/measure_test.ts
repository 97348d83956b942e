import { describe, expect, test } from "vitest";
import { measureOf } from "./measure.ts";
import {
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
  value,
  variant,
} from "./rule.ts";

function bytes(rule: Rule, given: unknown): number | undefined {
  return measureOf(rule)?.(given);
}

const blob = (length: number): Uint8Array => new Uint8Array(length);

describe("measureOf", () => {
  test("adds up the bytes of one row, keys included", () => {
    const rule = object<{ a: Uint8Array; b: Uint8Array; c: Uint8Array | undefined }>({
      a: value("a"),
      b: plain("b"),
      c: optional(value("c")),
    });
    expect(bytes(rule, { a: blob(3), b: blob(5), c: undefined })).toBe(8);
    expect(bytes(rule, { a: blob(3), b: blob(5), c: blob(7) })).toBe(15);
  });

  test("takes the largest of several rows", () => {
    const row = object<{ a: Uint8Array; b: Uint8Array }>({ a: value("a"), b: value("b") });
    const rule = object<{ all: readonly unknown[]; beside: Uint8Array }>({
      all: rows(row),
      beside: value("c"),
    });
    const all = [
      { a: blob(1), b: blob(9) },
      { a: blob(8), b: blob(3) },
    ];
    expect(bytes(rule, { all, beside: blob(2) })).toBe(13);
    expect(bytes(rule, { all: [], beside: blob(2) })).toBe(2);
  });

  test("counts the entries encoded into a row", () => {
    expect(bytes(list(integer("count")), [1, 2, 3])).toBe(48);
    expect(bytes(list(value("a")), [blob(1), blob(2)])).toBe(35);
    expect(bytes(map(text("word"), value("a")), new Map([["name", blob(4)]]))).toBe(4 * 3 + 16 + 4);
    expect(bytes(tuple(value("a"), flag(), value("b")), [blob(1), true, blob(2)])).toBe(3);
  });

  test("counts the members of the shape that the kind names", () => {
    type Shape = { readonly kind: "a"; readonly a: Uint8Array } | { readonly kind: "b"; readonly id: number };
    const rule = variant<Shape>({ a: { a: value("a") }, b: { id: integer("count") } });
    expect(bytes(rule, { kind: "a", a: blob(7) })).toBe(7);
    expect(bytes(rule, { kind: "b", id: 7 })).toBe(0);
  });

  test("returns undefined where no value stores bytes", () => {
    const rule = object<{ id: number; name: string; ids: readonly number[] }>({
      id: integer("count"),
      name: text("word"),
      ids: rows(integer("count")),
    });
    expect(measureOf(rule)).toBeUndefined();
  });
});
