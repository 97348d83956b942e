import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { clientOf, nodeRuntimes } from "./clients/node_runtime.ts";
import { runChaos } from "./machine.ts";
import { openPlace } from "./places/places.ts";
import { addCounts, newCounts } from "./world/counts.ts";

const SEEDS = dose({ short: 3, long: 8 });
const STEPS = dose({ short: 200, long: 500 });
const ALL_STEPS = SEEDS * STEPS;

beforeEach(() => {
  // libsignal-node prints whole sessions.
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
});

test(`keeps its promises in Durable Objects: ${SEEDS} × ${STEPS} steps`, {
  timeout: DOSED_TIMEOUT_MS,
}, async () => {
  const newRuntime = await nodeRuntimes();
  await using databases = await openPlace("worker");
  const total = newCounts();
  for (let seed = 3; seed < SEEDS + 3; seed += 1) {
    const runtime = newRuntime(clientOf(seed), await databases.create());
    const { counts } = await runChaos(runtime, { seed, steps: STEPS, flags: ["--over", "worker"] });
    addCounts(total, counts);
  }
  expect(total.sends).toBeGreaterThan(ALL_STEPS / 6);
  expect(total.receives).toBeGreaterThan(ALL_STEPS / 25);
  expect(total.crashes).toBeGreaterThan(ALL_STEPS / 250);
  expect(total.secondOwners).toBeGreaterThan(0);
  expect(total.failedCommits).toBeGreaterThan(ALL_STEPS / 50);
  expect(total.lateCommits).toBeGreaterThan(ALL_STEPS / 250);
});
