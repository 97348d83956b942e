import { describe, expect, test } from "vitest";
import { type Comparison, compare, compareEntry, median, type Side } from "./compare.ts";

/** A clock that only the work of the sides advances. */
class Clock {
  us = 0;

  side(runUs: number, prepareUs = 0): Required<Side> {
    return {
      prepare: () => {
        this.us += prepareUs;
      },
      run: () => {
        this.us += runUs;
      },
    };
  }

  comparison(ours: Side, theirs: Side): Comparison {
    return { ours, theirs, cpuUs: () => this.us };
  }
}

describe("compare", () => {
  test("divides the time of `ours` by that of `theirs`", async () => {
    const clock = new Clock();
    expect(await compare(clock.comparison(clock.side(3_000), clock.side(2_000)))).toBe(1.5);
  });

  test("does not time the preparation of a side", async () => {
    const clock = new Clock();
    const ours = clock.side(1_000, 7_777);
    expect(await compare(clock.comparison(ours, clock.side(2_000)))).toBe(0.5);
  });

  test("times a promise until it settles", async () => {
    const clock = new Clock();
    const slow: Side = {
      run: async () => {
        await Promise.resolve();
        clock.us += 4_000;
      },
    };
    expect(await compare(clock.comparison(slow, clock.side(1_000)))).toBe(4);
  });

  test("subtracts the time of the own base", async () => {
    const clock = new Clock();
    const comparison = clock.comparison(clock.side(5_000), clock.side(2_000));
    expect(await compare({ ...comparison, ownBase: clock.side(4_000) })).toBe(0.5);
  });

  test("ignores a few long turns", async () => {
    const clock = new Clock();
    let turns = 0;
    const interrupted: Side = {
      run: () => {
        turns += 1;
        clock.us += turns % 4 === 0 ? 90_000 : 1_000;
      },
    };
    expect(await compare({ ...clock.comparison(interrupted, clock.side(1_000)), minRounds: 20 })).toBe(1);
  });

  test("takes turns until enough time is used", async () => {
    const clock = new Clock();
    const order: string[] = [];
    const named = (name: string): Side => ({
      run: () => {
        order.push(name);
        clock.us += 1_000;
      },
    });
    const comparison = clock.comparison(named("a"), named("b"));
    await compare({ ...comparison, warmUpCpuMs: 4, minCpuMs: 6 });
    expect(order.join("")).toBe("ab".repeat(2 + 5));
  });

  test("measures the CPU time of this process by default", async () => {
    const spin = (times: number): void => {
      for (let i = 0; i < times; i++) Math.sqrt(i);
    };
    // Two orders of magnitude apart, so that other work of the process cannot reverse the comparison.
    const sides = { ours: { run: () => spin(2_000_000) }, theirs: { run: () => spin(20_000) } };
    expect(await compare({ ...sides, minCpuMs: 20, warmUpCpuMs: 1 })).toBeGreaterThan(2);
  });
});

describe("compareEntry", () => {
  test.each([
    ["ratio", 2],
    ["× throughput", 0.5],
  ] as const)("returns the unit of the entry: %s", async (unit, expected) => {
    const clock = new Clock();
    let isClosed = false;
    const comparison: Comparison = {
      ...clock.comparison(clock.side(2_000), clock.side(1_000)),
      close: () => {
        isClosed = true;
      },
    };
    const entry = { name: "a", kind: "ratio", against: "b", unit, open: () => comparison } as const;
    expect(await compareEntry(entry)).toBe(expected);
    expect(isClosed).toBe(true);
  });
});

describe("median", () => {
  test("returns the middle value, or the mean of the two in the middle", () => {
    expect(median([3, 1, 100])).toBe(3);
    expect(median([4, 1, 100, 2])).toBe(3);
    expect(() => median([])).toThrow(RangeError);
  });
});
