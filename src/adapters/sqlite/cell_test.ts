import { expect, test } from "vitest";
import { CorruptError } from "../../errors/mod.ts";
import { bytesOf, flagOf, integerOf, optionalOf, textOf, uint64Of } from "./cell.ts";

test("bytes with memory of their own are taken over", () => {
  const stored = new Uint8Array([1, 2, 3]);
  expect(bytesOf(stored, "record")).toBe(stored);
});

test("bytes that are part of larger memory are copied", () => {
  const memory = new Uint8Array([0, 1, 2, 3]);
  const read = bytesOf(memory.subarray(1), "record");
  memory.fill(0);
  expect(read).toEqual(new Uint8Array([1, 2, 3]));
  expect(read.buffer.byteLength).toBe(3);
});

test("bytes of a Buffer become plain ones, whose slice shares no memory", () => {
  for (const stored of [Buffer.from([7]), Buffer.from(new Uint8Array([7]).buffer)]) {
    expect(bytesOf(stored, "record").constructor).toBe(Uint8Array);
    expect(bytesOf(stored, "record")).toEqual(new Uint8Array([7]));
  }
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
