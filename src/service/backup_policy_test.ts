import { describe, expect, test } from "vitest";
import { dueAfterBackup, expiredBackups, waitAfterFailures } from "./backup_policy.ts";

const HOUR_MS = 3_600_000;

describe("expiredBackups", () => {
  test.each([
    { policy: { keep: 2 }, expired: [1, 2] },
    { policy: { keep: 1 }, expired: [1, 2, 3] },
    { policy: { keepForMs: 70_000 }, expired: [1, 2] },
    { policy: { keepForMs: 60_000 }, expired: [1, 2, 3] },
    { policy: { keep: 3, keepForMs: 70_000 }, expired: [1, 2] },
    { policy: { keep: 2, keepForMs: HOUR_MS }, expired: [1, 2] },
    { policy: {}, expired: [] },
  ])("are those beyond the number and the age, never the newest: %o", ({ policy, expired }) => {
    const [base, nowMs] = [1_000_000, 1_100_000];
    const made = [base, base + 20_000, base + 35_000, base + 39_000];
    const found = expiredBackups(made, { everyMs: 60_000, ...policy }, nowMs);
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
