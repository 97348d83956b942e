import { describe, expect, test } from "vitest";
import { FakeClock, fakeHost, ManualScheduler, RecordingLogger, SeededRandom } from "./mod.ts";

function recorder(): { clock: FakeClock; scheduler: ManualScheduler; runs: string[] } {
  const clock = new FakeClock(0);
  return { clock, scheduler: new ManualScheduler(clock), runs: [] };
}

describe("FakeClock", () => {
  test("moves only by advance and set, also backwards", () => {
    const clock = new FakeClock(1_000);
    clock.advance(250);
    expect(clock.nowMs()).toBe(1_250);
    clock.set(500);
    expect(clock.nowMs()).toBe(500);
    expect(() => clock.advance(-1)).toThrow(RangeError);
    expect(() => clock.advance(0.5)).toThrow(RangeError);
    expect(() => clock.set(Number.NaN)).toThrow(RangeError);
  });
});

describe("ManualScheduler", () => {
  test("runs tasks by due time and then by order of scheduling", async () => {
    const { clock, scheduler, runs } = recorder();
    for (const name of ["a", "b", "c"]) {
      scheduler.register(name, async () => {
        runs.push(`${name}@${clock.nowMs()}`);
      });
    }
    scheduler.schedule("c", 20);
    scheduler.schedule("b", 10);
    scheduler.schedule("a", 20);
    expect(scheduler.scheduled).toEqual(["b", "c", "a"]);
    expect(await scheduler.advance(30)).toBe(3);
    expect(runs).toEqual(["b@10", "c@20", "a@20"]);
    expect(clock.nowMs()).toBe(30);
  });

  test("keeps one due time per name, which cancel removes", async () => {
    const { clock, scheduler, runs } = recorder();
    scheduler.register("a", async () => {
      runs.push(`a@${clock.nowMs()}`);
    });
    scheduler.schedule("a", 10);
    scheduler.schedule("a", 30);
    expect(scheduler.dueAtMs("a")).toBe(30);
    await scheduler.advance(20);
    expect(runs).toEqual([]);
    await scheduler.advance(20);
    expect(runs).toEqual(["a@30"]);
    scheduler.schedule("a", 50);
    scheduler.cancel("a");
    expect(await scheduler.advance(100)).toBe(0);
  });

  test("runs a self-scheduling task as often as in real time", async () => {
    const { clock, scheduler, runs } = recorder();
    scheduler.register("tick", async () => {
      runs.push(`${clock.nowMs()}`);
      scheduler.schedule("tick", clock.nowMs() + 10);
    });
    scheduler.schedule("tick", 10);
    await scheduler.advance(35);
    expect(runs).toEqual(["10", "20", "30"]);
  });

  test("runs a task again if it was scheduled while running", async () => {
    const { scheduler, runs } = recorder();
    let release: () => void = () => {};
    scheduler.register("slow", async () => {
      runs.push("begin");
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      runs.push("end");
    });
    scheduler.schedule("slow", 0);
    const first = scheduler.runDue();
    scheduler.schedule("slow", 0);
    expect(await scheduler.runDue()).toBe(0);
    expect(runs).toEqual(["begin"]);
    release();
    await new Promise((resolve) => setImmediate(resolve));
    expect(runs).toEqual(["begin", "end", "begin"]);
    release();
    expect(await first).toBe(2);
  });

  test("records a failed task and reports an endless one", async () => {
    const { scheduler } = recorder();
    scheduler.register("bad", async () => {
      throw new Error("no");
    });
    scheduler.schedule("bad", 0);
    expect(await scheduler.runDue()).toBe(1);
    expect(scheduler.failures.map((failure) => failure.name)).toEqual(["bad"]);
    expect(scheduler.scheduled).toEqual([]);
    scheduler.register("endless", async () => scheduler.schedule("endless", 0));
    scheduler.schedule("endless", 0);
    await expect(scheduler.runDue()).rejects.toThrow(RangeError);
  });

  test("rejects taken and unknown names, and cancels on unregistration", async () => {
    const { scheduler, runs } = recorder();
    const unbind = scheduler.register("a", async () => {
      runs.push("old");
    });
    expect(() => scheduler.register("a", async () => {})).toThrow(TypeError);
    expect(() => scheduler.schedule("b", 0)).toThrow(TypeError);
    scheduler.schedule("a", 0);
    unbind();
    expect(await scheduler.runDue()).toBe(0);
    scheduler.register("a", async () => {
      runs.push("new");
    });
    scheduler.schedule("a", 0);
    unbind();
    await scheduler.runDue();
    expect(runs).toEqual(["new"]);
  });
});

describe("SeededRandom", () => {
  test("repeats the sequence of a seed and stays in range", () => {
    const draw = (seed: number) => [...new SeededRandom(seed).bytes(64)];
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    const random = new SeededRandom(1);
    const seen = new Set(Array.from({ length: 1_000 }, () => random.below(10)));
    expect([...seen].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(new Set(Array.from({ length: 200 }, () => random.pick(["x", "y"]))).size).toBe(2);
    expect(() => random.below(0)).toThrow(RangeError);
    expect(() => random.pick([])).toThrow(RangeError);
  });

  test("spreads bytes evenly over all values", () => {
    const counts = new Array<number>(256).fill(0);
    for (const byte of new SeededRandom(3).bytes(256 * 400)) counts[byte] = (counts[byte] ?? 0) + 1;
    // 400 expected each; six standard deviations are 120.
    expect(Math.min(...counts)).toBeGreaterThan(280);
    expect(Math.max(...counts)).toBeLessThan(520);
  });
});

describe("RecordingLogger", () => {
  test("keeps entries by level and as text, up to its limit", () => {
    const logger = new RecordingLogger();
    logger.log("warn", "careful", { rows: 3 });
    logger.log("info", "fine");
    expect(logger.messages("warn")).toEqual(["careful"]);
    expect(logger.text).toContain('warn careful {"rows":3}');
    for (let index = 0; index < 10_000; index += 1) logger.log("debug", `${index}`);
    expect(logger.entries).toHaveLength(10_000);
    expect(logger.entries[0]?.message).toBe("0");
    logger.clear();
    expect(logger.entries).toEqual([]);
  });
});

describe("fakeHost", () => {
  test("shares one clock and uses the given seed", async () => {
    const host = fakeHost({ seed: 9, startMs: 100 });
    let ranAtMs = 0;
    host.scheduler.register("a", async () => {
      ranAtMs = host.clock.nowMs();
    });
    host.scheduler.schedule("a", 150);
    await host.scheduler.advance(100);
    expect(ranAtMs).toBe(150);
    expect(host.random.bytes(8)).toEqual(new SeededRandom(9).bytes(8));
  });
});
