import { describe, expect, test } from "vitest";
import { DOSED_TIMEOUT_MS, dose } from "../../test/support/dose.ts";
import type { Protection } from "../../test/support/protections/names.ts";
import { type ModelReport, runModel } from "../../test/support/signal/cache_model.ts";

const SEEDS = dose({ short: 8, long: 32 });
const STEPS = 800;

/** Maximum number of seeds until the model must detect a missing protection. */
const MAX_SEEDS = 200;

describe("SignalStoreCache against a model", () => {
  test(
    `repeats no counter in ${SEEDS} faulty conversations of ${STEPS} steps`,
    async () => {
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
    },
    DOSED_TIMEOUT_MS,
  );
});

interface Finding {
  readonly violation: RegExp;
  /** First seed that shows it. If it no longer does, the other seeds are tried. */
  readonly seed: number;
}

/** What it finds without the protections that are the cache's alone. */
const FINDINGS = {
  generationCheck: { violation: /published twice|promised|left keys|older state/, seed: 1 },
  gate: { violation: /published twice/, seed: 1 },
  fastForward: { violation: /published twice/, seed: 2 },
  rewindRefusal: { violation: /published twice|older state/, seed: 6 },
  preKeyCoupling: { violation: /gone without its session/, seed: 1 },
  sendRefusal: { violation: /an outage burned/, seed: 1 },
  failedGate: { violation: /cannot be read/, seed: 14 },
  ownerEpoch: { violation: /published twice|left keys/, seed: 9 },
  staleRead: { violation: /published twice|promised|older state/, seed: 2 },
  strandedState: { violation: /left under the phone number/, seed: 1 },
} as const satisfies Partial<Record<Protection, Finding>>;

for (const [protection, { violation, seed: first }] of Object.entries(FINDINGS)) {
  test(`fails in the same conversations without ${protection}`, async () => {
    let found: unknown;
    for (const seed of [first, ...Array.from({ length: MAX_SEEDS }, (_, index) => index + 1)]) {
      await runModel({ seed, steps: STEPS, off: [protection as Protection] }).catch((error: unknown) => {
        found = error;
      });
      if (found !== undefined) break;
    }
    expect(String(found)).toMatch(violation);
  }, 120_000);
}
