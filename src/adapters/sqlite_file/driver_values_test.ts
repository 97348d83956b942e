import { describe, expect, test } from "vitest";
import { rowsOf } from "./driver_values.ts";

describe("rowsOf", () => {
  test("makes plain bytes of Buffers and ArrayBuffers, over the same memory", () => {
    const memory = new Uint8Array([1, 2, 3]).buffer;
    const rows = rowsOf({ rows: [[Buffer.from(memory), new Uint8Array([4]).buffer]], rowsAffected: 0 });
    expect(rows).toEqual([[new Uint8Array([1, 2, 3]), new Uint8Array([4])]]);
    const [bytes] = rows[0] ?? [];
    expect((bytes as Uint8Array).constructor).toBe(Uint8Array);
    expect((bytes as Uint8Array).buffer).toBe(memory);
  });

  test("keeps numbers, texts and NULL, and makes texts of large integers", () => {
    expect(rowsOf({ rows: [[1.5, "text", null, 2n ** 60n]], rowsAffected: 0 })).toEqual([
      [1.5, "text", null, "1152921504606846976"],
    ]);
  });

  test("changes rows that are arrays in place", () => {
    const row = [1, Buffer.from([2])];
    const rows = [row];
    expect(rowsOf({ rows, rowsAffected: 0 })).toBe(rows);
    expect(rows[0]).toBe(row);
  });

  test("makes arrays of rows with names", () => {
    const row = Object.assign(Object.create({ name: 7 }), { 0: 7, 1: new Uint8Array([8]).buffer, length: 2 });
    expect(rowsOf({ rows: [row], rowsAffected: 0 })).toEqual([[7, new Uint8Array([8])]]);
    expect(rowsOf({ rows: [], rowsAffected: 0 })).toEqual([]);
  });
});
