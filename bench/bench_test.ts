import { expect, test } from "vitest";
import { median, ratio } from "./bench.ts";

test("the median is the middle value, or the mean of the two in the middle", () => {
  expect(median([3, 1, 100])).toBe(3);
  expect(median([4, 1, 100, 2])).toBe(3);
  expect(() => median([])).toThrow(RangeError);
});

test("a ratio measures both sides equally often and divides the first by the second", async () => {
  const spin = (times: number): void => {
    for (let i = 0; i < times; i++) Math.sqrt(i);
  };
  // An order of magnitude apart, so that no scheduling turns the comparison around.
  const quotient = await ratio(
    () => spin(200_000),
    async () => spin(2_000),
    { rounds: 5, minMs: 1 },
  );
  expect(quotient).toBeGreaterThan(2);
});
