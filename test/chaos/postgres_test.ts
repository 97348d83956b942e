import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { whyNoPostgres } from "../support/postgres/server.ts";
import { clientOf, nodeRuntimes } from "./clients/node_runtime.ts";
import { runChaos } from "./machine.ts";
import { openPlace } from "./places/places.ts";
import { addCounts, newCounts } from "./world/counts.ts";

const SEEDS = dose({ short: 2, long: 16 });
const STEPS = dose({ short: 200, long: 700 });
const ALL_STEPS = SEEDS * STEPS;

const why = whyNoPostgres();

beforeEach(() => {
  // libsignal-node prints whole sessions.
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
});

test(`keeps its promises over PostgreSQL: ${SEEDS} × ${STEPS} steps`, {
  timeout: DOSED_TIMEOUT_MS,
}, async ({ skip }) => {
  skip(why !== undefined, why);
  const newRuntime = await nodeRuntimes();
  const total = newCounts();
  await using place = await openPlace("postgres");
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const runtime = newRuntime(clientOf(seed), await place.create());
    const { counts } = await runChaos(runtime, { seed, steps: STEPS, flags: ["--over", "postgres"] });
    addCounts(total, counts);
  }
  expect(total.sends).toBeGreaterThan(ALL_STEPS / 8);
  expect(total.receives).toBeGreaterThan(ALL_STEPS / 25);
  expect(total.crashes).toBeGreaterThan(0);
  expect(total.failedCommits).toBeGreaterThan(ALL_STEPS / 50);
  expect(total.lateCommits).toBeGreaterThan(ALL_STEPS / 200);
});
