import { expect, test } from "vitest";
import type { ChaosPlan } from "../machine.ts";
import { newCounts } from "../world/counts.ts";
import { ChaosViolation, Trace } from "../world/violation.ts";
import { shrink } from "./shrink.ts";

/** A run in which something goes wrong once all of some steps were taken. */
function runOf(needed: readonly number[], steps: number) {
  const runs: number[] = [];
  const run = async (plan?: ChaosPlan): Promise<void> => {
    runs.push(plan?.steps.size ?? steps);
    const taken = needed.filter((step) => plan?.steps.has(step) ?? true);
    if (taken.length < needed.length) return;
    const step = Math.max(...needed);
    const [trace, counts, replay] = [
      new Trace(),
      newCounts(),
      `--plan ${[...(plan?.steps ?? [])].join(",")}`,
    ];
    throw new ChaosViolation(`key ${runs.length} has left twice`, {
      seed: 1,
      step,
      trace,
      counts,
      starts: [],
      replay,
    });
  };
  return { run, runs };
}

test.each([
  { needed: [7], steps: 500 },
  { needed: [3, 90, 91, 440], steps: 500 },
])("finds the steps $needed of $steps", async ({ needed, steps }) => {
  const { run, runs } = runOf(needed, steps);
  const found = await run().catch((error: unknown) => error as ChaosViolation);
  const shrunk = await shrink(found as ChaosViolation, run);
  expect([...shrunk.steps]).toEqual(needed);
  expect(shrunk.violation.message).toContain(`replay: --plan ${needed.join(",")}`);
  expect(runs.length).toBeLessThan(150);
});

test("leaves a run as it is in which every step is needed", async () => {
  const { run } = runOf([1, 2, 3], 3);
  const found = await run().catch((error: unknown) => error as ChaosViolation);
  expect((await shrink(found as ChaosViolation, run)).violation).toBe(found);
});

test("keeps to violations of one kind", async () => {
  const { run } = runOf([5, 9], 20);
  const other = async (plan: ChaosPlan): Promise<void> => {
    if (plan.steps.has(5)) return await run(plan);
    const parts = {
      seed: 1,
      step: 1,
      trace: new Trace(),
      counts: newCounts(),
      starts: [],
      replay: "another",
    };
    throw new ChaosViolation("a message cannot be read", parts);
  };
  const found = await run().catch((error: unknown) => error as ChaosViolation);
  expect((await shrink(found as ChaosViolation, other)).violation.message).toContain("--plan 5,9");
});
