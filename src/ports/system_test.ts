import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  defaultScheduler,
  nowSeconds,
  type Scheduler,
  systemClock,
  systemHost,
  systemRandom,
  TimerScheduler,
} from "./mod.ts";

const START_MS = 1_767_225_600_000;

/** From a module of its own: other tests of this process leave due times in the shared queue. */
let processScheduler: () => Scheduler;

beforeEach(async () => {
  vi.useFakeTimers({ now: START_MS });
  vi.resetModules();
  ({ processScheduler } = await import("./system.ts"));
});

afterEach(() => {
  vi.useRealTimers();
});

/** A scheduler with one task `a` that records when it ran, relative to the start. */
function scheduledBy(make: () => Scheduler): { scheduler: Scheduler; readonly runs: number[] } {
  const scheduler = make();
  const runs: number[] = [];
  scheduler.register("a", async () => {
    runs.push(systemClock.nowMs() - START_MS);
  });
  return { scheduler, runs };
}

describe.each([
  ["TimerScheduler", () => new TimerScheduler()],
  ["processScheduler", () => processScheduler()],
] as const)("%s", (_name, make) => {
  const scheduled = (): ReturnType<typeof scheduledBy> => scheduledBy(make);

  test("runs a task once when it is due", async () => {
    const { scheduler, runs } = scheduled();
    scheduler.schedule("a", START_MS + 500);
    await vi.advanceTimersByTimeAsync(499);
    expect(runs).toEqual([]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(runs).toEqual([500]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("runs an overdue task at once, but after schedule returns", async () => {
    const { scheduler, runs } = scheduled();
    scheduler.schedule("a", START_MS - 10_000);
    expect(runs).toEqual([]);
    await vi.advanceTimersByTimeAsync(0);
    expect(runs).toEqual([0]);
  });

  test("replaces the due time with a sooner or later one", async () => {
    const { scheduler, runs } = scheduled();
    scheduler.schedule("a", START_MS + 500);
    scheduler.schedule("a", START_MS + 900);
    scheduler.schedule("a", START_MS + 700);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(runs).toEqual([700]);
  });

  test("cancels a due time and accepts unknown or idle names", async () => {
    const { scheduler, runs } = scheduled();
    scheduler.cancel("a");
    scheduler.cancel("nobody");
    scheduler.schedule("a", START_MS + 500);
    scheduler.cancel("a");
    await vi.advanceTimersByTimeAsync(2_000);
    expect(runs).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("rejects unknown and taken names", () => {
    const { scheduler } = scheduled();
    expect(() => scheduler.schedule("b", START_MS)).toThrow(TypeError);
    expect(() => scheduler.register("a", async () => {})).toThrow(TypeError);
  });

  test("cancels and frees the name when unbound, and not the new task", async () => {
    const scheduler = make();
    const runs: string[] = [];
    const unbind = scheduler.register("a", async () => {
      runs.push("old");
    });
    scheduler.schedule("a", START_MS + 10);
    unbind();
    await vi.advanceTimersByTimeAsync(100);
    expect(runs).toEqual([]);
    scheduler.register("a", async () => {
      runs.push("new");
    });
    scheduler.schedule("a", START_MS + 200);
    unbind();
    await vi.advanceTimersByTimeAsync(200);
    expect(runs).toEqual(["new"]);
  });

  test("runs a task scheduled during its run once more afterwards", async () => {
    const scheduler = make();
    const log: string[] = [];
    let release: () => void = () => {};
    scheduler.register("slow", async () => {
      log.push("begin");
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      log.push("end");
    });
    scheduler.schedule("slow", START_MS);
    await vi.advanceTimersByTimeAsync(0);
    scheduler.schedule("slow", START_MS + 1);
    scheduler.schedule("slow", START_MS + 2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(log).toEqual(["begin"]);
    release();
    await vi.advanceTimersByTimeAsync(0);
    expect(log).toEqual(["begin", "end", "begin"]);
    release();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(log).toEqual(["begin", "end", "begin", "end"]);
  });

  test("continues a run when cancelled, and removes its next due time", async () => {
    const scheduler = make();
    const log: string[] = [];
    let release: () => void = () => {};
    scheduler.register("slow", async () => {
      log.push("begin");
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      log.push("end");
    });
    scheduler.schedule("slow", START_MS);
    await vi.advanceTimersByTimeAsync(0);
    scheduler.schedule("slow", START_MS + 1);
    scheduler.cancel("slow");
    release();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(log).toEqual(["begin", "end"]);
  });

  test("leaves no timer when unbound during a run", async () => {
    const scheduler = make();
    let runs = 0;
    const unbind = scheduler.register("a", async () => {
      runs += 1;
      scheduler.schedule("a", systemClock.nowMs() + 10);
      unbind();
    });
    scheduler.schedule("a", START_MS);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(runs).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("does not repeat a task that throws, and can schedule it again", async () => {
    const scheduler = make();
    let runs = 0;
    scheduler.register("bad", () => {
      runs += 1;
      if (runs === 1) throw new Error("thrown");
      return Promise.reject(new Error("rejected"));
    });
    scheduler.schedule("bad", START_MS);
    await vi.advanceTimersByTimeAsync(10_000);
    scheduler.schedule("bad", START_MS);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(runs).toBe(2);
  });

  test("reaches a due time beyond the timer limit in steps", async () => {
    const { scheduler, runs } = scheduled();
    const sixtyDaysMs = 60 * 24 * 3_600 * 1_000;
    scheduler.schedule("a", START_MS + sixtyDaysMs);
    await vi.advanceTimersByTimeAsync(sixtyDaysMs - 1);
    expect(runs).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(runs).toEqual([sixtyDaysMs]);
  });
});

describe("TimerScheduler", () => {
  test("waits for the rest when a timer fires early", async () => {
    const clock = { offsetMs: 0, nowMs: () => systemClock.nowMs() + clock.offsetMs };
    const scheduler = new TimerScheduler(clock);
    const runs: number[] = [];
    scheduler.register("a", async () => {
      runs.push(clock.nowMs() - START_MS);
    });
    scheduler.schedule("a", START_MS + 1_000);
    clock.offsetMs = -300;
    await vi.advanceTimersByTimeAsync(1_299);
    expect(runs).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(runs).toEqual([1_000]);
  });
});

describe("processScheduler", () => {
  test("has one timer of the host for all of them, and separate names", async () => {
    const schedulers = Array.from({ length: 50 }, () => processScheduler());
    let runs = 0;
    const unbinds = schedulers.map((scheduler, index) => {
      const unbind = scheduler.register("a", async () => {
        runs += 1;
      });
      scheduler.schedule("a", START_MS + 100 + index);
      return unbind;
    });
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(124);
    expect(runs).toBe(25);
    for (const unbind of unbinds) unbind();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("defaultScheduler", () => {
  test("shares a timer over the host's clock only", () => {
    expect(defaultScheduler(systemClock)).not.toBeInstanceOf(TimerScheduler);
    expect(defaultScheduler({ nowMs: () => START_MS })).toBeInstanceOf(TimerScheduler);
    vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" });
    expect(defaultScheduler(systemClock)).toBeInstanceOf(TimerScheduler);
    vi.unstubAllGlobals();
  });
});

describe("systemRandom", () => {
  test("returns as many bytes as requested, past the limit of a call", () => {
    for (const count of [0, 1, 65_536, 65_537, 200_000])
      expect(systemRandom.bytes(count)).toHaveLength(count);
    const long = systemRandom.bytes(140_000);
    for (const offset of [0, 65_536, 131_072]) {
      expect(long.subarray(offset, offset + 32)).not.toEqual(new Uint8Array(32));
    }
    expect(systemRandom.bytes(32)).not.toEqual(systemRandom.bytes(32));
  });
});

describe("systemHost", () => {
  test("has defaults, and its scheduler follows an overriding clock", async () => {
    const defaults = systemHost();
    expect(defaults.clock).toBe(systemClock);
    expect(defaults.random).toBe(systemRandom);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    defaults.logger.log("error", "commit: failed");
    defaults.logger.log("info", "commit: done");
    expect(warn.mock.calls).toEqual([["holdfast error: commit: failed"]]);
    warn.mockRestore();
    const clock = { nowMs: () => systemClock.nowMs() + 1_000 };
    const host = systemHost({ clock });
    let runs = 0;
    host.scheduler.register("a", async () => {
      runs += 1;
    });
    host.scheduler.schedule("a", START_MS + 1_500);
    await vi.advanceTimersByTimeAsync(500);
    expect(runs).toBe(1);
    expect(systemHost({ scheduler: host.scheduler }).scheduler).toBe(host.scheduler);
  });
});

describe("nowSeconds", () => {
  test("rounds down", () => {
    expect(nowSeconds({ nowMs: () => 1_999 })).toBe(1);
    expect(nowSeconds({ nowMs: () => -1 })).toBe(-1);
  });
});
