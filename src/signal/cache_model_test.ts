import { describe, expect, test } from "vitest";
import type { Protection } from "../../test/support/protections/names.ts";
import { type ModelReport, runModel } from "../../test/support/signal/cache_model.ts";

const SEEDS = 32;
const STEPS = 800;

/** Maximum number of seeds until the model must detect a missing protection. */
const MAX_SEEDS = 200;

describe("SignalStoreCache against a model", () => {
  test(`repeats no counter in ${SEEDS} faulty conversations of ${STEPS} steps`, async () => {
    const total = { published: 0, crashes: 0, cleanRestarts: 0, burnedKeys: 0, failures: 0, outages: 0 };
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const report = await runModel({ seed, steps: STEPS });
      for (const what of Object.keys(total) as (keyof ModelReport)[]) total[what] += report[what];
    }
    // The conversations must exercise all features.
    expect(total.published).toBeGreaterThan(SEEDS * 30);
    expect(total.crashes).toBeGreaterThan(SEEDS * 3);
    expect(total.cleanRestarts).toBeGreaterThan(SEEDS / 4);
    expect(total.burnedKeys).toBeGreaterThan(0);
    expect(total.failures).toBeGreaterThan(SEEDS);
    expect(total.outages).toBeGreaterThan(SEEDS / 4);
  }, 60_000);
});

/** What it finds without the protections that are the cache's alone. */
const FINDINGS = {
  generationCheck: /published twice|promised|left keys|older state/,
  gate: /published twice/,
  fastForward: /published twice/,
  rewindRefusal: /published twice|older state/,
  preKeyCoupling: /gone without its session/,
  sendRefusal: /an outage burned/,
  failedGate: /cannot be read/,
  ownerEpoch: /published twice|left keys/,
  staleRead: /published twice|promised|older state/,
  strandedState: /left under the phone number/,
} as const satisfies Partial<Record<Protection, RegExp>>;

for (const [protection, violation] of Object.entries(FINDINGS)) {
  test(`fails in the same conversations without ${protection}`, async () => {
    let found: unknown;
    for (let seed = 1; seed <= MAX_SEEDS && found === undefined; seed += 1) {
      await runModel({ seed, steps: STEPS, off: [protection as Protection] }).catch((error: unknown) => {
        found = error;
      });
    }
    expect(String(found)).toMatch(violation);
  }, 120_000);
}
