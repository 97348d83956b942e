import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { type ChaosOptions, type ChaosReport, runChaos } from "../../chaos/machine.ts";
import { FINDINGS, failureWithout } from "../../chaos/protections/without.ts";
import { addCounts, newCounts } from "../../chaos/world/counts.ts";
import { ChaosViolation } from "../../chaos/world/violation.ts";
import { DOSED_TIMEOUT_MS, dose } from "../../support/dose.ts";
import type { Protection } from "../../support/protections/names.ts";
import { objectRuntimes } from "./chaos_runtime.ts";

const SEEDS = dose({ short: 3, long: 16 });
const STEPS = dose({ short: 350, long: 700 });
const ALL_STEPS = SEEDS * STEPS;

/** Limits of steps and seeds within which the run must detect a missing protection. */
const STEPS_WITHOUT = 400;
const SEEDS_WITHOUT = 16;

/** Seeds that are known to detect it quickly. They are tried first. */
const KNOWN_SEEDS = { gate: 3, epochBump: 5 } as const satisfies Partial<Record<Protection, number>>;

beforeEach(() => {
  // libsignal-node prints whole sessions.
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});

let objects = 0;

/** Runs a seed inside an object of its own. */
async function runInObject(options: ChaosOptions): Promise<ChaosReport> {
  const newRuntime = await objectRuntimes();
  objects += 1;
  const stub = env.OBJECTS.get(env.OBJECTS.idFromName(`chaos ${objects}`));
  const replay = `vitest run --project workerd chaos_test, seed ${options.seed} of ${options.steps} steps`;
  return await runInDurableObject(stub, (_instance, { storage }) =>
    runChaos(newRuntime(storage), { ...options, replay }),
  );
}

for (const [protection, known] of Object.entries(KNOWN_SEEDS) as [Protection, number][]) {
  test(`fails without ${protection}`, async () => {
    const found = await failureWithout(
      { protection, known, seeds: SEEDS_WITHOUT, steps: STEPS_WITHOUT },
      runInObject,
    );
    expect(found).toBeInstanceOf(ChaosViolation);
    expect((found as ChaosViolation).reason).toMatch(FINDINGS[protection]);
  }, 120_000);
}

describe("chaos inside a Durable Object", () => {
  test(`keeps its promises: ${SEEDS} × ${STEPS} steps`, {
    timeout: DOSED_TIMEOUT_MS,
  }, async () => {
    const total = newCounts();
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const { counts } = await runInObject({ seed, steps: STEPS });
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

  test("repeats the decisions of a seed", async () => {
    const options = { seed: 6, steps: 200 };
    const { digest } = await runInObject(options);
    expect((await runInObject(options)).digest).toBe(digest);
  }, 60_000);
});
