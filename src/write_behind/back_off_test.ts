import { describe, expect, test } from "vitest";
import { SeededRandom } from "../testing/mod.ts";
import { backOffMs } from "./back_off.ts";

describe("backOffMs", () => {
  test("doubles up to the maximum, with a random second half", () => {
    const policy = { firstDelayMs: 100, maxDelayMs: 1_000 };
    const constant = (byte: number) => ({ bytes: (count: number) => new Uint8Array(count).fill(byte) });
    const series = (byte: number) => [1, 2, 3, 4, 5, 60].map((n) => backOffMs(n, policy, constant(byte)));
    expect(series(0)).toEqual([50, 100, 200, 400, 500, 500]);
    expect(series(255)).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    expect(backOffMs(5_000, policy, constant(255))).toBe(1_000);
    const random = new SeededRandom(5);
    const drawn = Array.from({ length: 200 }, () => backOffMs(10, policy, random));
    expect(Math.min(...drawn)).toBeLessThan(550);
    expect(Math.max(...drawn)).toBeGreaterThan(950);
  });
});
