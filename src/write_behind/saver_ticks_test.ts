import { describe, expect, test } from "vitest";
import { FakeCommitter, FakeFlushable } from "../../test/support/account/engine.ts";
import { FakeClock, fakeHost, ManualScheduler, SeededRandom } from "../testing/mod.ts";
import type { Urgency } from "./flushable.ts";
import type { WriteBehindPolicy } from "./options.ts";
import { WriteBehind } from "./write_behind.ts";

/** Engines of one database with a clock in common, each with a scheduler of its own, as in one process. */
function fleet(count: number, phaseMs: number | undefined, policy: Partial<WriteBehindPolicy> = {}) {
  const clock = new FakeClock();
  const engines = Array.from({ length: count }, () => {
    const host = { ...fakeHost(), clock, scheduler: new ManualScheduler(clock) };
    const committer = new FakeCommitter();
    committer.capabilities = { ...committer.capabilities, savePhaseMs: phaseMs };
    const engine = new WriteBehind({ committer, host, policy });
    const flushable = new FakeFlushable("sessions", clock);
    flushable.engine = engine;
    engine.addFlushable(flushable);
    engine.run();
    return { host, committer, flushable };
  });
  return {
    clock,
    engines,
    /** Moves the clock from due time to due time. Returns the times at which something was committed. */
    async run(ms: number): Promise<number[]> {
      const endMs = clock.nowMs() + ms;
      const commitsAtMs = new Set<number>();
      const tried = (): number => engines.reduce((sum, { committer }) => sum + committer.tried.length, 0);
      for (;;) {
        for (const { host } of engines) {
          const before = tried();
          await host.scheduler.runDue();
          if (tried() > before) commitsAtMs.add(clock.nowMs());
        }
        const due = engines.flatMap(({ host }) =>
          host.scheduler.scheduled.map((name) => host.scheduler.dueAtMs(name) ?? endMs),
        );
        const nextMs = Math.min(endMs, ...due);
        if (nextMs >= endMs) break;
        clock.set(Math.max(nextMs, clock.nowMs() + 1));
      }
      clock.set(endMs);
      return [...commitsAtMs];
    },
  };
}

/** Makes one item of each engine dirty within 800 ms. */
async function change({ engines, run }: ReturnType<typeof fleet>, urgency: Urgency): Promise<void> {
  const random = new SeededRandom(7);
  for (const { flushable } of engines) {
    await run(random.below(17));
    flushable.put("a", 1, urgency);
  }
}

describe("Saver, with ticks", () => {
  test.each(["must", "may"] as const)("saves 100 accounts at one or two times: %s", async (urgency) => {
    const accounts = fleet(100, 321);
    await change(accounts, urgency);
    const times = await accounts.run(60_000);
    expect(times.length).toBeGreaterThan(0);
    expect(times.length).toBeLessThanOrEqual(2);
    for (const timeMs of times) expect(timeMs % 1_000).toBe(321);
    for (const { committer } of accounts.engines) expect(committer.rows.get("a")).toBe(1);
  });

  test("saves them at times of their own without ticks", async () => {
    const accounts = fleet(100, undefined);
    await change(accounts, "must");
    expect((await accounts.run(60_000)).length).toBeGreaterThan(20);
  });

  test("delays no change beyond the interval, and none that must not be lost", async () => {
    for (let startMs = 0; startMs < 1_000; startMs += 37) {
      const accounts = fleet(1, 500);
      await accounts.run(startMs);
      const [engine] = accounts.engines;
      const changedAtMs = accounts.clock.nowMs();
      engine?.flushable.put("a", 1);
      const [savedAtMs = Number.NaN] = await accounts.run(10_000);
      expect(savedAtMs - changedAtMs).toBeGreaterThan(4_000);
      expect(savedAtMs - changedAtMs).toBeLessThanOrEqual(5_000);
      const nowAtMs = accounts.clock.nowMs();
      engine?.flushable.put("a", 2, "now");
      expect(await accounts.run(10_000)).toEqual([nowAtMs + 40]);
    }
  });

  test("keeps short intervals as they are", async () => {
    const accounts = fleet(1, 500, { intervalMs: 700 });
    await accounts.run(123);
    const changedAtMs = accounts.clock.nowMs();
    accounts.engines[0]?.flushable.put("a", 1);
    expect(await accounts.run(10_000)).toEqual([changedAtMs + 700]);
  });
});
