/** The scheduler when the storage fails, the alarm is lost, a task rejects, or the memory is lost. */
import { describe, expect, test } from "vitest";
import { drained, RestartingObject } from "../../../test/worker/restarting_object.ts";

/** An object with one stored task that is due in 5 s, in a new incarnation before `repair`. */
async function planned(ms = 5_000): Promise<RestartingObject> {
  const object = new RestartingObject();
  object.register("a");
  object.scheduler.schedule("a", object.at(ms));
  await drained();
  object.storage.takeCalls();
  return object;
}

describe("AlarmScheduler.repair", () => {
  test("sets an alarm that is missing or too late, and no other", async () => {
    const found: [alarmMs: number | null, repairedMs: number, calls: number][] = [
      [null, 5_000, 1],
      [60_000, 5_000, 1],
      [5_000, 5_000, 0],
      [1_000, 1_000, 0],
      [-9_000, -9_000, 0],
    ];
    for (const [alarmMs, repairedMs, calls] of found) {
      const object = await planned();
      object.storage.alarmAtMs = alarmMs === null ? null : object.at(alarmMs);
      await object.restart();
      expect([object.alarmInMs, object.storage.takeCalls().length], String(alarmMs)).toEqual([
        repairedMs,
        calls,
      ]);
      expect(object.scheduler.alarmAtMs).toBe(object.at(repairedMs));
    }
  });

  test("runs a task at once that became due without an alarm", async () => {
    const object = await planned();
    object.storage.alarmAtMs = null;
    object.clock.advance(3_600_000);
    await object.restart();
    object.prepare = async () => void object.register("a");
    expect(await object.ring()).toBe(true);
    expect(object.runs).toEqual(["a"]);
  });

  test("writes nothing in an unused object", async () => {
    const object = new RestartingObject();
    await object.restart();
    expect([object.storage.calls, object.alarmInMs, object.storage.stored]).toEqual([[], null, undefined]);
  });

  test("keeps stored due times when tasks are planned before the repair", async () => {
    const object = await planned();
    object.forget();
    object.register("b");
    object.scheduler.schedule("b", object.at(60_000));
    await drained();
    expect(object.alarmInMs).toBe(5_000);
    object.scheduler.schedule("b", object.at(50_000));
    await object.scheduler.repair();
    await drained();
    expect(object.alarmInMs).toBe(5_000);
    expect(object.storage.stored).toEqual({ a: object.at(5_000), b: object.at(50_000) });
    object.register("a");
    expect(object.scheduler.dueAtMs("a")).toBe(object.at(5_000));
  });

  test("does not overwrite due times that it failed to read", async () => {
    for (const failures of [1, 2, 5, 15]) {
      const object = await planned();
      const reads = { ...object.storage.failures, read: failures };
      Object.assign(object.storage.failures, reads);
      await object.restart();
      object.register("b");
      object.scheduler.schedule("b", object.at(900_000_000));
      await drained();
      for (let round = 0; round < 40; round += 1) {
        await object.pass(10_000);
        await object.ring();
      }
      expect(object.storage.failures.read).toBe(0);
      const { stored } = object.storage;
      // The task has run and was dropped, or it is still stored.
      expect(object.prepared > 0 || Object.hasOwn(stored as object, "a"), String(failures)).toBe(true);
      expect(stored).toMatchObject({ b: object.at(900_000_000) });
    }
  });

  test("keeps due times when a handler fails to read them", async () => {
    const object = await planned();
    object.prepare = async () => void object.register("a");
    object.storage.failures.read = 20;
    await object.restart();
    let alarms = 0;
    while (object.runs.length === 0 && alarms < 100) {
      await object.pass(1_000);
      if (await object.ring()) alarms += 1;
    }
    expect(object.runs).toEqual(["a"]);
    expect(object.logger.messages("warn")).not.toContain("alarm: unknown task");
  });

  test("sets the alarm to the known due time when reading it fails", async () => {
    const object = await planned();
    object.storage.failures.getAlarm = 1;
    object.storage.alarmAtMs = null;
    await object.restart();
    expect(object.alarmInMs).toBe(5_000);
  });

  test("plans tasks again after the stored due times are damaged", async () => {
    for (const damage of ["", "{", "[]x", '{"a":1.5}', '{"a":"1"}', '{"a":null}', "null", "7"]) {
      const object = await planned();
      object.storage.overwrite(damage);
      object.storage.alarmAtMs = null;
      for (let opening = 0; opening < 2; opening += 1) {
        await object.restart();
        await object.pass(100);
      }
      object.prepare = async () => {
        object.register("a");
        object.scheduler.schedule("a", object.at(7_000));
      };
      expect(await object.ring(), damage).toBe(true);
      expect([object.prepared, object.storage.stored, object.alarmInMs], damage).toEqual([
        1,
        { a: object.at(7_000) },
        7_000,
      ]);
      expect(object.logger.messages("warn")).toContain("alarm: stored due times are damaged");
    }
  });
});

describe("AlarmScheduler.alarm after failures", () => {
  test("retries a handler that fails fifteen times in a row", async () => {
    const object = await planned();
    await object.restart();
    let left = 15;
    object.prepare = async () => {
      left -= 1;
      if (left >= 0) throw new Error("the account could not be opened");
      object.register("a");
    };
    const waitsS: number[] = [];
    for (let alarm = 0; alarm < 16; alarm += 1) {
      const waitMs = (object.storage.alarmAtMs ?? Number.NaN) - object.clock.nowMs();
      waitsS.push(waitMs / 1_000);
      await object.pass(waitMs);
      expect(await object.ring()).toBe(true);
    }
    expect(waitsS).toEqual([5, 2, 4, 8, 16, 32, 64, 128, 256, ...Array<number>(7).fill(300)]);
    expect([object.runs, object.alarmInMs]).toEqual([["a"], null]);
  });

  test("retries to store due times fifteen times in a row", async () => {
    const object = await planned();
    await object.restart();
    object.register("a", { task: async () => object.scheduler.schedule("a", object.at(86_400_000)) });
    object.storage.failures.write = 15;
    let alarms = 0;
    while ((object.storage.stored as { a: number }).a === object.at(5_000) && alarms < 100) {
      expect(object.alarmInMs ?? object.timers.scheduled.length).not.toBe(0);
      await object.pass(1_000);
      if (await object.ring()) alarms += 1;
      if (object.clock.nowMs() > object.at(7_200_000)) break;
    }
    expect(object.storage.stored).toEqual({ a: object.at(86_400_000) });
    expect(object.runs).toEqual(["a"]);
    while (await object.ring());
    expect(object.scheduler.alarmAtMs).toBeLessThanOrEqual(object.at(86_400_000));
  });

  test("retries to set the alarm fifteen times in a row", async () => {
    const object = await planned(86_400_000);
    object.storage.failures.setAlarm = 15;
    object.scheduler.schedule("a", object.at(80_000_000));
    await drained();
    const waitsS: number[] = [];
    for (let round = 0; round < 15; round += 1) {
      const [tick] = object.timers.scheduled;
      const waitMs = (object.timers.dueAtMs(tick ?? "") ?? Number.NaN) - object.clock.nowMs();
      waitsS.push(waitMs / 1_000);
      await object.pass(waitMs);
    }
    expect(waitsS).toEqual([2, 4, 8, 16, 32, 64, 128, 256, ...Array<number>(7).fill(300)]);
    expect([object.alarmInMs, object.timers.scheduled]).toEqual([80_000_000, []]);
  });

  test("rejects only when the alarm cannot be set", async () => {
    const object = await planned();
    await object.restart();
    object.prepare = async () => {
      if (object.prepared === 1) object.register("a", { task: () => Promise.reject(new Error("no")) });
    };
    await object.pass(5_000);
    object.storage.failures.setAlarm = 3;
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(object.ringNow()).rejects.toThrow("alarm: could not be set again");
    }
    await object.ringNow();
    expect([object.runs, object.alarmInMs]).toEqual([["a"], 7_000]);
  });

  test("retries a stored task that rejects, with growing delays", async () => {
    const object = await planned();
    await object.restart();
    let isBroken = true;
    object.register("a", {
      task: async () => {
        if (isBroken) throw new Error("no");
      },
    });
    const waitsS: number[] = [];
    for (let run = 0; run < 12; run += 1) {
      const waitMs = (object.storage.alarmAtMs ?? Number.NaN) - object.clock.nowMs();
      waitsS.push(waitMs / 1_000);
      await object.pass(waitMs);
      await object.ring();
      expect(object.storage.stored).toEqual({ a: object.storage.alarmAtMs });
    }
    expect(waitsS).toEqual([5, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
    isBroken = false;
    await object.pass(300_000);
    await object.ring();
    expect([object.runs.length, object.storage.stored, object.alarmInMs]).toEqual([13, {}, null]);
    isBroken = true;
    object.scheduler.schedule("a", object.clock.nowMs());
    await drained();
    const nowMs = object.clock.nowMs();
    await object.ring();
    expect(object.storage.alarmAtMs).toBe(nowMs + 2_000);
  });

  test("keeps a cancellation or a plan made while the task rejects", async () => {
    for (const then of ["cancel", "plan", "unbind"] as const) {
      const object = new RestartingObject();
      const unbind = object.register("a", {
        task: async () => {
          if (then === "cancel") object.scheduler.cancel("a");
          if (then === "plan") object.scheduler.schedule("a", object.at(9_000));
          if (then === "unbind") unbind();
          await drained();
          throw new Error("no");
        },
      });
      object.scheduler.schedule("a", object.at(0));
      await drained();
      await object.ring();
      expect(object.storage.stored, then).toEqual(then === "plan" ? { a: object.at(9_000) } : {});
      expect(object.alarmInMs, then).toBe(then === "plan" ? 9_000 : null);
    }
  });

  test("runs a task again after the object ends during it", async () => {
    const object = await planned();
    object.register("b");
    object.scheduler.schedule("b", object.at(5_000));
    await drained();
    await object.restart();
    object.register("a", { task: () => new Promise<void>(() => {}) });
    object.register("b", { task: async () => object.scheduler.schedule("b", object.at(60_000)) });
    await object.pass(5_000);
    object.storage.alarmAtMs = null;
    void object.scheduler.alarm();
    await drained();
    expect(object.runs).toEqual(["a", "b"]);
    // In the worst case, the interrupted alarm is lost too.
    await object.restart();
    object.prepare = async () => {
      object.register("a");
      object.register("b");
    };
    expect(await object.ring()).toBe(true);
    expect(object.runs).toEqual(["a", "b", "a", "b"]);
  });

  test("keeps the last of two concurrent alarm settings", async () => {
    const object = new RestartingObject();
    object.register("a");
    object.register("b");
    let answer = (): void => {};
    object.storage.held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    object.storage.failures.setAlarm = 1;
    object.scheduler.schedule("a", object.at(9_000));
    await drained();
    object.scheduler.schedule("b", object.at(4_000));
    await drained();
    object.scheduler.schedule("a", object.at(6_000));
    await drained();
    answer();
    await drained();
    await object.pass(2_000);
    expect(object.alarmInMs).toBe(4_000);
    await object.pass(2_000);
    await object.ring();
    expect([object.runs, object.alarmInMs]).toEqual([["b"], 6_000]);
  });
});

describe("AlarmScheduler.reset", () => {
  test("sets no alarm after a failed handler in an emptied object", async () => {
    const object = await planned();
    await object.restart();
    object.prepare = async () => {
      throw new Error("no");
    };
    await object.pass(5_000);
    await object.ring();
    expect(object.alarmInMs).toBe(7_000);
    object.storage.clear();
    object.scheduler.reset();
    object.storage.takeCalls();
    object.register("b")();
    await drained();
    await object.pass(600_000);
    await object.ringNow();
    expect([object.storage.calls, object.storage.stored, object.alarmInMs, object.prepared]).toEqual([
      [],
      undefined,
      null,
      1,
    ]);
  });

  test("stores nothing after a handler in an emptied object", async () => {
    const object = new RestartingObject();
    let end = (): void => {};
    const busy = new Promise<void>((resolve) => {
      end = resolve;
    });
    const unbind = object.register("a", {
      task: () => busy.then(() => Promise.reject(new Error("no table"))),
    });
    object.scheduler.schedule("a", object.at(0));
    await drained();
    object.storage.alarmAtMs = null;
    const alarm = object.scheduler.alarm();
    await drained();
    unbind();
    object.scheduler.reset();
    object.storage.clear();
    object.scheduler.reset();
    end();
    await alarm;
    await drained();
    expect([object.storage.stored, object.alarmInMs]).toEqual([undefined, null]);
  });

  test("finds due times again after a failed emptying", async () => {
    const object = await planned();
    object.scheduler.reset();
    object.storage.alarmAtMs = null;
    await object.scheduler.repair();
    await drained();
    expect(object.alarmInMs).toBe(5_000);
    expect(object.storage.stored).toEqual({ a: object.at(5_000) });
  });
});
