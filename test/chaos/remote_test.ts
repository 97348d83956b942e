import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import type { Protection } from "../support/protections/names.ts";
import { clientOf, nodeRuntimes } from "./clients/node_runtime.ts";
import { runChaos } from "./machine.ts";
import { openPlace } from "./places/places.ts";
import { FINDINGS, failureWithout } from "./protections/without.ts";
import { addCounts, newCounts } from "./world/counts.ts";
import { ChaosViolation } from "./world/violation.ts";

const SEEDS = dose({ short: 4, long: 16 });
const STEPS = dose({ short: 250, long: 700 });
const ALL_STEPS = SEEDS * STEPS;

/** Steps, and seeds, within which a missing protection must be noticed. */
const STEPS_WITHOUT = 400;
const SEEDS_WITHOUT = 16;

/** Seeds that are known to notice at once, tried first. */
const KNOWN_SEEDS = { gate: 3, epochBump: 5 } as const satisfies Partial<Record<Protection, number>>;

beforeEach(() => {
  // libsignal-node prints whole sessions.
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
});

test(`keeps its promises over a faulty network: ${SEEDS} × ${STEPS} steps`, {
  timeout: DOSED_TIMEOUT_MS,
}, async () => {
  const newRuntime = await nodeRuntimes();
  const total = newCounts();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    // Both clients meet both databases.
    const place = seed <= SEEDS / 2 ? "remote" : "libsql";
    await using databases = await openPlace(place);
    const runtime = newRuntime(clientOf(seed), await databases.create());
    const { counts } = await runChaos(runtime, { seed, steps: STEPS, flags: ["--over", place] });
    addCounts(total, counts);
  }
  expect(total.sends).toBeGreaterThan(ALL_STEPS / 6);
  expect(total.receives).toBeGreaterThan(ALL_STEPS / 23);
  expect(total.crashes).toBeGreaterThan(ALL_STEPS / 350);
  expect(total.secondOwners).toBeGreaterThan(0);
  expect(total.migrations).toBeGreaterThan(ALL_STEPS / 350);
  expect(total.failedCommits).toBeGreaterThan(ALL_STEPS / 44);
  expect(total.lateCommits).toBeGreaterThan(ALL_STEPS / 175);
});

test("the same seed decides alike over every storage of the service", async () => {
  const newRuntime = await nodeRuntimes();
  const digests = new Set<string>();
  for (const place of ["remote", "remote", "libsql"] as const) {
    await using databases = await openPlace(place);
    const { digest } = await runChaos(newRuntime("rust", await databases.create()), { seed: 6, steps: 200 });
    digests.add(digest);
  }
  expect(digests.size).toBe(1);
}, 60_000);

for (const [protection, known] of Object.entries(KNOWN_SEEDS) as [Protection, number][]) {
  test(`fails behind a service without ${protection}, and says how to repeat it`, async () => {
    const newRuntime = await nodeRuntimes();
    await using databases = await openPlace("remote");
    const found = await failureWithout(
      { protection, known, seeds: SEEDS_WITHOUT, steps: STEPS_WITHOUT, flags: ["--over", "remote"] },
      async (options) => await runChaos(newRuntime("rust", await databases.create()), options),
    );
    expect(found).toBeInstanceOf(ChaosViolation);
    const { reason, message } = found as ChaosViolation;
    expect(reason).toMatch(FINDINGS[protection]);
    expect(message).toContain(`--without ${protection} --over remote`);
  }, 120_000);
}
