/** An account in an object that is evicted and aborted at random, in the real workerd. */
import { describe, expect, test } from "vitest";
import { DOSED_TIMEOUT_MS, dose } from "../../support/dose.ts";
import { Broken, type EvictionCounts, runEvictions } from "./evicted_object.ts";

const SEEDS = dose({ short: 2, long: 24 });
const STEPS = dose({ short: 120, long: 600 });

/** Seeds within which a run must notice that messages leave too early. */
const SEEDS_WITHOUT = 8;

function sum(all: readonly EvictionCounts[], name: keyof EvictionCounts): number {
  return all.reduce((total, counts) => total + counts[name], 0);
}

describe("an object that loses its memory", () => {
  test(`keeps its promises: ${SEEDS} × ${STEPS} steps`, { timeout: DOSED_TIMEOUT_MS }, async () => {
    const all: EvictionCounts[] = [];
    for (let seed = 1; seed <= SEEDS; seed += 1) all.push(await runEvictions({ seed, steps: STEPS }));
    const steps = SEEDS * STEPS;
    expect(sum(all, "sent")).toBeGreaterThan(steps / 3);
    expect(sum(all, "received")).toBeGreaterThan(steps / 12);
    expect(sum(all, "evicted")).toBeGreaterThan(steps / 22);
    expect(sum(all, "aborted")).toBeGreaterThan(steps / 22);
    expect(sum(all, "alarms")).toBeGreaterThan(0);
    expect(sum(all, "burned")).toBeGreaterThan(0);
  });

  test("burns no key where it is evicted after pauses and slow turns", {
    timeout: DOSED_TIMEOUT_MS,
  }, async () => {
    for (const durability of ["strict", "relaxed"] as const) {
      const counts = await runEvictions({ seed: 11, steps: STEPS, durability, isClean: true });
      expect(counts.evicted).toBeGreaterThan(STEPS / 12);
      expect(counts.burned).toBe(0);
    }
  });

  test("uses no key twice in relaxed mode", { timeout: DOSED_TIMEOUT_MS }, async () => {
    const counts = await runEvictions({ seed: 7, steps: STEPS, durability: "relaxed" });
    expect(counts.sent).toBeGreaterThan(STEPS / 3);
  });

  test("is noticed to use a key twice when messages do not wait for their gates", {
    timeout: DOSED_TIMEOUT_MS,
  }, async () => {
    for (let seed = 1; seed <= SEEDS_WITHOUT; seed += 1) {
      const error = await runEvictions({ seed, steps: STEPS, withoutGate: true }).catch((thrown) => thrown);
      if (!(error instanceof Broken)) continue;
      expect(error.message).toMatch(/left twice|cannot be read/);
      return;
    }
    expect.unreachable("no seed noticed it");
  });
});
