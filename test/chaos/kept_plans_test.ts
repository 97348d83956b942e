import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SessionChain } from "../../src/ratchet/mod.ts";
import { nodeRuntimes } from "./clients/node_runtime.ts";
import { runChaos } from "./machine.ts";
import { openPlace } from "./places/places.ts";
import { type KeptPlan, type KeptStep, readKeptPlans, replayKept } from "./program/kept_plan.ts";
import { ChaosViolation } from "./world/violation.ts";

beforeEach(() => {
  // libsignal-node prints whole sessions.
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Puts the fault back that a plan has found, where that is a method. By the name of the plan. */
const FORMER_FAULTS: Readonly<Record<string, () => void>> = {
  closed_chain: () => {
    vi.spyOn(SessionChain.prototype, "isClosed", "get").mockImplementation(function (this: SessionChain) {
      return this.parts.chainKey?.closed === true;
    });
  },
};

async function replay(plan: KeptPlan): Promise<void> {
  const newRuntime = await nodeRuntimes();
  await using databases = await openPlace(plan.over);
  await replayKept(plan, async (options) =>
    runChaos(newRuntime(plan.client, await databases.create()), options),
  );
}

describe("a kept plan", () => {
  for (const plan of readKeptPlans()) {
    test(`${plan.name} finds nothing any more`, async () => {
      expect(plan.found).toMatch(/\w{3,} \w/);
      await replay(plan);
    });

    test.runIf(Object.hasOwn(FORMER_FAULTS, plan.name))(
      `${plan.name} finds its fault when it is put back`,
      async () => {
        FORMER_FAULTS[plan.name]?.();
        const found = await replay(plan).catch((error: unknown) => error);
        expect(found).toBeInstanceOf(ChaosViolation);
        expect(kindOf((found as ChaosViolation).reason)).toBe(kindOf(plan.reason));
      },
    );
  }

  test("that takes other steps now is no proof", async () => {
    const [plan] = readKeptPlans();
    const first = { ...(plan?.steps[0] as KeptStep), name: "another" };
    const short = { ...(plan as KeptPlan), last: first.step, steps: [first] };
    await expect(replay(short)).rejects.toThrow("the steps are now");
  });

  test("has a fault here by its name", () => {
    expect(readKeptPlans().map(({ name }) => name)).toEqual(
      expect.arrayContaining(Object.keys(FORMER_FAULTS)),
    );
  });
});

/** What a violation is about, without names and numbers. */
function kindOf(reason: string): string {
  return reason.replace(/[\d@:.]+\S*/g, "");
}
