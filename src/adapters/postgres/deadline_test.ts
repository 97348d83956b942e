import { describe, expect, test } from "vitest";
import { FakeClock, ManualScheduler } from "../../testing/mod.ts";
import { Deadline } from "./deadline.ts";

describe("Deadline.run", () => {
  test("gives the answer, or what the work fails with", async () => {
    const clock = new FakeClock();
    const scheduler = new ManualScheduler(clock);
    const deadline = new Deadline(1_000, clock, scheduler);
    expect(await deadline.run(Promise.resolve(7))).toBe(7);
    await expect(deadline.run(Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(scheduler.scheduled).toEqual([]);
  });

  test("gives up after its time, each wait alone", async () => {
    const clock = new FakeClock();
    const scheduler = new ManualScheduler(clock);
    const deadline = new Deadline(1_000, clock, scheduler);
    const first = deadline.run(new Promise(() => {}));
    await scheduler.advance(600);
    const second = deadline.run(new Promise(() => {}));
    const rejected = expect(first).rejects.toMatchObject({ code: "ETIMEDOUT" });
    await scheduler.advance(400);
    await rejected;
    expect(scheduler.scheduled).toHaveLength(1);
    const also = expect(second).rejects.toMatchObject({ code: "ETIMEDOUT" });
    await scheduler.advance(600);
    await also;
  });
});
