import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { addCounts, newCounts } from "./counts.ts";
import { runChaos } from "./machine.ts";
import { clientOf, nodeRuntimes } from "./node_runtime.ts";
import { openPlace } from "./places.ts";

const SEEDS = 3;
const STEPS = 250;

beforeEach(() => {
  // libsignal-node prints whole sessions.
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
});

test(`${SEEDS} accounts, each in its Durable Object behind the Worker, with everything going wrong for ${STEPS} steps`, async () => {
  const newRuntime = await nodeRuntimes();
  await using databases = await openPlace("worker");
  const total = newCounts();
  for (let seed = 2; seed < SEEDS + 2; seed += 1) {
    const runtime = newRuntime(clientOf(seed), await databases.create());
    const { counts } = await runChaos(runtime, { seed, steps: STEPS, flags: ["--over", "worker"] });
    addCounts(total, counts);
  }
  expect(total.sends).toBeGreaterThan(SEEDS * 40);
  expect(total.receives).toBeGreaterThan(SEEDS * 10);
  expect(total.crashes).toBeGreaterThan(SEEDS);
  expect(total.secondOwners).toBeGreaterThan(0);
  expect(total.failedCommits).toBeGreaterThan(SEEDS * 5);
  expect(total.lateCommits).toBeGreaterThan(SEEDS);
}, 240_000);
