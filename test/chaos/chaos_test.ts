import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { PROTECTIONS, type Protection } from "../support/protections/names.ts";
import { clientOf, nodeRuntimes } from "./clients/node_runtime.ts";
import { runChaos } from "./machine.ts";
import { FINDINGS, failureWithout } from "./protections/without.ts";
import { addCounts, newCounts } from "./world/counts.ts";
import { ChaosViolation } from "./world/violation.ts";

const SEEDS = dose({ short: 6, long: 32 });
const STEPS = dose({ short: 450, long: 1_500 });
const ALL_STEPS = SEEDS * STEPS;

/** Steps, and seeds, within which a missing protection must be noticed. */
const STEPS_WITHOUT = 500;
const SEEDS_WITHOUT = 32;

/**
 * Seeds that are known to notice at once, tried first. Anything that changes how often a promise is awaited
 * may move them.
 */
const KNOWN_SEEDS: Readonly<Record<Protection, number>> = {
  generationCheck: 9,
  gate: 1,
  fastForward: 1,
  rewindRefusal: 1,
  preKeyCoupling: 1,
  sendRefusal: 6,
  failedGate: 7,
  staleRead: 1,
  strandedState: 1,
  ownerEpoch: 6,
  mappingMove: 1,
  ownPair: 11,
  senderKeyMerge: 1,
  senderKeyMarks: 7,
  identityWipe: 6,
  listTimestamp: 6,
  storedPreKeys: 1,
  identityConflict: 4,
  epochBump: 1,
  tokenCheck: 3,
};

beforeEach(() => {
  // libsignal-node prints whole sessions.
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
});

test(`keeps its promises: ${SEEDS} × ${STEPS} steps`, {
  timeout: DOSED_TIMEOUT_MS,
}, async () => {
  const newRuntime = await nodeRuntimes();
  const total = newCounts();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { counts } = await runChaos(newRuntime(clientOf(seed)), { seed, steps: STEPS });
    addCounts(total, counts);
  }
  // The runs must have been worth something.
  expect(total.sends).toBeGreaterThan(ALL_STEPS / 8);
  expect(total.receives).toBeGreaterThan(ALL_STEPS / 18);
  expect(total.groupSends + total.groupReceives).toBeGreaterThan(ALL_STEPS / 45);
  expect(total.crashes).toBeGreaterThan(ALL_STEPS / 225);
  expect(total.cleanReopenings).toBeGreaterThan(ALL_STEPS / 900);
  expect(total.secondOwners).toBeGreaterThan(ALL_STEPS / 900);
  expect(total.migrations).toBeGreaterThan(ALL_STEPS / 450);
  expect(total.archived).toBeGreaterThan(ALL_STEPS / 450);
  expect(total.promoted).toBeGreaterThan(ALL_STEPS / 900);
  expect(total.failedCommits).toBeGreaterThan(ALL_STEPS / 45);
  expect(total.lateCommits).toBeGreaterThan(ALL_STEPS / 90);
  expect(total.evictions).toBeGreaterThan(ALL_STEPS / 45);
  expect(total.burnedKeys).toBeGreaterThan(ALL_STEPS / 450);
  expect(total.registrations).toBeGreaterThan(ALL_STEPS / 900);
  expect(total.clones).toBeGreaterThan(ALL_STEPS / 900);
  expect(total.longOutages).toBeGreaterThan(ALL_STEPS / 2_700);
});

test("the same seed decides alike, with other keys", async () => {
  const newRuntime = await nodeRuntimes();
  const lines: string[][] = [[], []];
  const digests: string[] = [];
  for (const told of lines) {
    const options = { seed: 3, steps: 300, told: (line: string) => told.push(line) };
    digests.push((await runChaos(newRuntime("rust"), options)).digest);
  }
  expect(digests[0]).toBe(digests[1]);
  expect(lines[0]?.length).toBe(lines[1]?.length);
  // What names keys is told and does not count.
  expect(lines[0]).not.toEqual(lines[1]);
  expect((await runChaos(newRuntime("rust"), { seed: 4, steps: 300 })).digest).not.toBe(digests[0]);
});

for (const protection of PROTECTIONS) {
  test(`fails without ${protection}, and says how to repeat it`, async () => {
    const newRuntime = await nodeRuntimes();
    const options = {
      protection,
      known: KNOWN_SEEDS[protection],
      seeds: SEEDS_WITHOUT,
      steps: STEPS_WITHOUT,
    };
    const found = await failureWithout(options, (run) => runChaos(newRuntime("rust"), run));
    expect(found).toBeInstanceOf(ChaosViolation);
    const { reason, seed, message } = found as ChaosViolation;
    expect(reason).toMatch(FINDINGS[protection]);
    expect(message).toContain(
      `npm run chaos -- --seeds 1 --steps ${STEPS_WITHOUT} --seed ${seed} --without ${protection}`,
    );
    expect(message).toContain("step ");
  }, 120_000);
}
