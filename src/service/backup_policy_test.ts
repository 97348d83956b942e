import { describe, expect, test } from "vitest";
import { dueAfterBackup, expiredBackups, waitAfterFailures } from "./backup_policy.ts";

const HOUR_MS = 3_600_000;

describe("expiredBackups", () => {
  // Two of one interval, and then three of the next ones: the last of them has two as well.
  const start = dueAfterBackup("ann", 1_000_000, 60_000);
  const made = [0, 30_000, 61_000, 125_000, 140_000].map((afterMs) => start + afterMs);
  test.each([
    { policy: { keep: 3 }, expired: [1, 4] },
    { policy: { keep: 2 }, expired: [1, 2, 4] },
    { policy: { keep: 1 }, expired: [1, 2, 3, 4] },
    { policy: { keepForMs: 90_000 }, expired: [1, 2] },
    { policy: { keep: 1, keepForMs: HOUR_MS }, expired: [1, 2, 3, 4] },
    { policy: { keepForMs: 60_000 }, expired: [1, 2, 3] },
    { policy: {}, expired: [] },
  ])("are those beyond the intervals and the age, never the newest: %o", ({ policy, expired }) => {
    const found = expiredBackups("ann", made, { everyMs: 60_000, ...policy, nowMs: start + 150_000 });
    expect(found).toEqual(expired.map((place) => made[place - 1]));
  });
});

describe("dueAfterBackup", () => {
  test("is the next of its places, which are one interval apart and spread", () => {
    const places = new Set<number>();
    for (let n = 0; n < 100; n += 1) {
      const first = dueAfterBackup(`bot-${n}`, 1e12, HOUR_MS);
      expect(first).toBeGreaterThan(1e12);
      expect(first).toBeLessThanOrEqual(1e12 + HOUR_MS);
      expect(dueAfterBackup(`bot-${n}`, first, HOUR_MS)).toBe(first + HOUR_MS);
      expect(dueAfterBackup(`bot-${n}`, first - 1, HOUR_MS)).toBe(first);
      places.add(Math.floor((first % HOUR_MS) / (HOUR_MS / 10)));
    }
    expect(places.size).toBe(10);
  });
});

test("waits double up to the interval", () => {
  expect([1, 2, 3, 4, 50].map((failures) => waitAfterFailures(failures, 5 * 60_000))).toEqual([
    60_000, 120_000, 240_000, 300_000, 300_000,
  ]);
});
