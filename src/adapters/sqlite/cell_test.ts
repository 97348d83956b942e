import { expect, test } from "vitest";
import { CorruptError } from "../../errors/mod.ts";
import { bytesOf, flagOf, integerOf, optionalOf, textOf, uint64Of } from "./cell.ts";

test("bytes are copied", () => {
  const stored = new Uint8Array([1, 2, 3]);
  const read = bytesOf(stored, "record");
  stored.fill(0);
  expect(read).toEqual(new Uint8Array([1, 2, 3]));
  // A Buffer's slice shares memory: what is read must not be one.
  expect(bytesOf(Buffer.from([7]), "record").constructor).toBe(Uint8Array);
});

test("a value of the wrong kind is corrupt, whatever is read", () => {
  const reads = [bytesOf, textOf, integerOf, flagOf, uint64Of];
  const wrong = [
    [null, undefined, "text", 1],
    [null, undefined, 1, new Uint8Array(1)],
    [null, undefined, "1", 1.5, Number.NaN, 2 ** 53, new Uint8Array(1)],
    [null, undefined, 2, -1, "1"],
    [null, undefined, 1, "", "-1", "01", "1.0", " 1", "18446744073709551616", "99999999999999999999"],
  ];
  for (const [index, read] of reads.entries()) {
    for (const cell of wrong[index] ?? [])
      expect(() => read(cell, "x"), `${read.name} ${cell}`).toThrow(CorruptError);
  }
});

test("unsigned 64-bit integers are exact to the last one", () => {
  for (const value of [0n, 1n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
    expect(uint64Of(String(value), "version")).toBe(value);
  }
});

test("only a missing value is undefined", () => {
  expect(optionalOf(null, "x", textOf)).toBeUndefined();
  expect(optionalOf(undefined, "x", textOf)).toBeUndefined();
  expect(optionalOf("", "x", textOf)).toBe("");
  expect(() => optionalOf(1, "x", textOf)).toThrow(CorruptError);
});
