import { describe, expect, test } from "vitest";
import { EncodingSlab } from "./encoding_slab.ts";

describe("EncodingSlab.allocate", () => {
  test("returns zeroed results that share no byte", () => {
    const { allocate } = new EncodingSlab(10_000);
    const results = [3, 0, 1_500, 70_000, 9_000, 1, 65_536].map((bytes) => allocate(bytes));
    expect(results.map(({ length }) => length)).toEqual([3, 0, 1_500, 70_000, 9_000, 1, 65_536]);
    for (const [index, result] of results.entries()) {
      expect(result.every((byte) => byte === 0)).toBe(true);
      result.fill(index + 1);
    }
    for (const [index, result] of results.entries()) {
      expect(result.every((byte) => byte === index + 1)).toBe(true);
    }
  });

  test("allocates pieces of at most 64 KiB for the expected size", () => {
    const { allocate } = new EncodingSlab(1_000 * 1_400);
    const pieces = new Set(Array.from({ length: 1_000 }, () => allocate(1_400).buffer));
    const bytes = [...pieces].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(pieces.size).toBeLessThanOrEqual(23);
    expect(bytes).toBeLessThan(1_000 * 1_400 * 1.05);
  });

  test("gives a single result its own memory", () => {
    expect(new EncodingSlab(1_400).allocate(1_400).buffer.byteLength).toBe(1_400);
    expect(new EncodingSlab(0).allocate(10).buffer.byteLength).toBe(10);
  });
});
