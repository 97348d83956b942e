/** The scheduler without failures of the platform. See `alarm_scheduler_failures_test.ts` for failures. */
import { describe, expect, test } from "vitest";
import { drained, RestartingObject } from "../../../test/worker/restarting_object.ts";

describe("AlarmScheduler.schedule", () => {
  test("rejects taken and unknown names, and cancels on unregistration", async () => {
    const object = new RestartingObject();
    const { scheduler, storage } = object;
    const unregister = object.register("a");
    expect(() => object.register("a")).toThrow(TypeError);
    expect(() => scheduler.schedule("b", 1)).toThrow(TypeError);
    expect(() => scheduler.schedule("a", Number.NaN)).toThrow(RangeError);
    scheduler.cancel("b");
    scheduler.schedule("a", object.at(1_000));
    await drained();
    expect(storage.stored).toEqual({ a: object.at(1_000) });
    unregister();
    unregister();
    await drained();
    expect(storage.stored).toEqual({});
    const other = object.register("a");
    scheduler.schedule("a", object.at(2_000));
    unregister();
    await drained();
    expect([storage.stored, scheduler.dueAtMs("a")]).toEqual([{ a: object.at(2_000) }, object.at(2_000)]);
    other();
  });

  test("keeps the last due time of a name, which cancel removes", async () => {
    const object = new RestartingObject();
    for (const stored of [true, false]) {
      const name = stored ? "stored" : "timed";
      object.register(name, { stored });
      for (const ms of [5_000, 1_000, 3_000]) object.scheduler.schedule(name, object.at(ms));
      await drained();
      expect(object.scheduler.dueAtMs(name)).toBe(object.at(3_000));
      object.scheduler.cancel(name);
      object.scheduler.cancel(name);
      expect(object.scheduler.dueAtMs(name)).toBeUndefined();
    }
    await object.pass(600_000);
    while (await object.ring());
    expect(object.runs).toEqual([]);
    expect(object.storage.stored).toEqual({});
  });

  test("runs a stored task by the alarm and a timed one by the timer", async () => {
    const object = new RestartingObject();
    object.register("stored");
    object.register("timed", { stored: false });
    object.scheduler.schedule("stored", object.at(1_000));
    object.scheduler.schedule("timed", object.at(1_000));
    await drained();
    expect(object.runs).toEqual([]);
    await object.pass(999);
    expect(object.runs).toEqual([]);
    await object.pass(1);
    expect(object.runs).toEqual(["timed"]);
    expect(await object.ring()).toBe(true);
    expect(object.runs).toEqual(["timed", "stored"]);
    expect([object.storage.stored, object.alarmInMs]).toEqual([{}, null]);
  });

  test("accepts past, fractional and far due times", async () => {
    const object = new RestartingObject();
    for (const name of ["past", "fraction", "never"]) object.register(name);
    object.scheduler.schedule("past", -5);
    object.scheduler.schedule("fraction", object.at(0) + 0.5);
    object.scheduler.schedule("never", Number.POSITIVE_INFINITY);
    await drained();
    expect(object.runs).toEqual([]);
    expect(object.storage.alarmAtMs).toBe(1);
    await object.restart();
    for (const name of ["past", "fraction", "never"]) object.register(name);
    await object.ring();
    expect(object.runs).toEqual(["past"]);
    await object.pass(1);
    await object.ring();
    expect(object.runs).toEqual(["past", "fraction"]);
    expect(object.alarmInMs).toBe(1 + 365 * 86_400_000);
  });

  test("runs a task again if it was planned while running", async () => {
    for (const stored of [true, false]) {
      const object = new RestartingObject();
      let running = 0;
      let most = 0;
      let isFirst = true;
      const name = "busy";
      const task = async (): Promise<void> => {
        running += 1;
        most = Math.max(most, running);
        if (isFirst) object.scheduler.schedule(name, object.clock.nowMs());
        isFirst = false;
        await drained();
        running -= 1;
      };
      object.register(name, { stored, task });
      object.scheduler.schedule(name, object.at(0));
      await drained();
      if (stored) await Promise.all([object.scheduler.alarm(), object.scheduler.alarm()]);
      else await object.pass(0);
      await drained();
      await object.pass(0);
      while (await object.ring());
      await drained();
      expect([object.runs.length, most], String(stored)).toEqual([2, 1]);
    }
  });

  test("does not repeat a timed task that rejects", async () => {
    const object = new RestartingObject();
    object.register("timed", { stored: false, task: () => Promise.reject(new Error("secret of a task")) });
    object.scheduler.schedule("timed", object.at(10));
    await drained();
    await object.pass(3_600_000);
    while (await object.ring());
    expect(object.runs).toEqual(["timed"]);
    object.scheduler.schedule("timed", object.clock.nowMs());
    await drained();
    await object.pass(0);
    expect(object.runs).toEqual(["timed", "timed"]);
    expect(object.logger.text).toContain("alarm: a task failed");
    expect(object.logger.text).not.toContain("secret");
  });
});

describe("AlarmScheduler storage", () => {
  test("writes one row and one alarm for tasks planned in one turn", async () => {
    const object = new RestartingObject();
    const names = ["c", "a", "b"];
    for (const name of names) object.register(name);
    for (const [index, name] of names.entries()) object.scheduler.schedule(name, object.at(5_000 + index));
    expect(object.storage.calls).toEqual([]);
    await drained();
    expect(object.storage.takeCalls()).toEqual(["save", "setAlarm"]);
    expect(object.alarmInMs).toBe(5_000);
    // The alarm runs all tasks, and each plans itself again: one more row and one more alarm.
    for (const name of names) object.scheduler.schedule(name, object.at(5_000));
    await object.restart();
    object.storage.takeCalls();
    const again = (name: string) => async (): Promise<void> => {
      await drained();
      object.scheduler.schedule(name, object.at(60_000));
    };
    for (const name of names) object.register(name, { task: again(name) });
    await object.pass(5_002);
    await object.ring();
    expect(object.runs.toSorted()).toEqual(["a", "b", "c"]);
    expect(object.storage.takeCalls()).toEqual(["save", "setAlarm"]);
  });

  test("writes nothing when a new incarnation plans the same", async () => {
    const object = new RestartingObject();
    const names = ["c", "a", "b"];
    for (const name of names) object.register(name);
    for (const name of names) object.scheduler.schedule(name, object.at(5_000));
    await drained();
    object.storage.takeCalls();
    await object.restart();
    for (const name of ["b", "c", "a"]) object.register(name);
    expect(names.map((name) => object.scheduler.dueAtMs(name))).toEqual(names.map(() => object.at(5_000)));
    for (const name of names) object.scheduler.schedule(name, object.at(5_000));
    await drained();
    expect(object.storage.takeCalls()).toEqual([]);
  });

  test("moves the alarm only to an earlier time", async () => {
    const object = new RestartingObject();
    object.register("a");
    object.register("b");
    const planned: [name: string, ms: number, alarmMs: number, calls: string[]][] = [
      ["a", 5_000, 5_000, ["save", "setAlarm"]],
      ["b", 9_000, 5_000, ["save"]],
      ["a", 7_000, 5_000, ["save"]],
      ["b", 4_000, 4_000, ["save", "setAlarm"]],
      ["b", 4_000, 4_000, []],
    ];
    for (const [name, ms, alarmMs, calls] of planned) {
      object.scheduler.schedule(name, object.at(ms));
      await drained();
      expect([object.alarmInMs, object.storage.takeCalls()]).toEqual([alarmMs, calls]);
    }
    object.scheduler.cancel("b");
    await drained();
    expect([object.alarmInMs, object.storage.takeCalls()]).toEqual([4_000, ["save"]]);
  });
});

describe("AlarmScheduler.alarm", () => {
  test("sets an early alarm again without running or opening anything", async () => {
    const object = new RestartingObject();
    object.register("a");
    object.scheduler.schedule("a", object.at(5_000));
    await drained();
    object.scheduler.schedule("a", object.at(60_000));
    await drained();
    await object.restart();
    await object.pass(5_000);
    object.storage.takeCalls();
    await object.ring();
    expect([object.runs, object.prepared, object.alarmInMs]).toEqual([[], 0, 60_000]);
    expect(object.storage.takeCalls()).toEqual(["setAlarm"]);
  });

  test("delays the alarm further when the platform's clock is ahead", async () => {
    const object = new RestartingObject();
    const aheadMs = 3_600_000;
    object.register("a");
    object.scheduler.schedule("a", object.at(aheadMs));
    await drained();
    let alarms = 0;
    while (object.runs.length === 0 && alarms < 1_000) {
      const waitMs = (object.storage.alarmAtMs ?? 0) - (object.clock.nowMs() + aheadMs);
      await object.pass(Math.max(1, waitMs));
      await object.ringNow();
      alarms += 1;
    }
    expect(alarms).toBeLessThan(20);
  });

  test("runs a timed task by a late fallback alarm if its timer fails", async () => {
    const object = new RestartingObject();
    object.register("timed", { stored: false });
    for (let second = 1; second <= 60; second += 1) {
      object.scheduler.schedule("timed", object.at(second * 1_000));
      await drained();
      await object.pass(1_000);
    }
    expect(object.runs.length).toBe(60);
    expect([object.storage.calls, object.storage.stored]).toEqual([["setAlarm"], undefined]);
    expect(object.alarmInMs).toBe(91_000);
    object.scheduler.schedule("timed", object.at(61_000));
    await drained();
    // The timer does not fire.
    object.clock.advance(31_000);
    await object.ring();
    expect(object.runs.length).toBe(61);
    expect(object.alarmInMs).toBeNull();
  });

  test("leaves tasks to the alarm or to a timer alone", async () => {
    const object = new RestartingObject();
    for (const [name, alarm] of [
      ["alarm", true],
      ["timer", false],
    ] as const) {
      object.scheduler.register(name, async () => void object.runs.push(name), { alarm });
      object.scheduler.schedule(name, object.at(5_000));
    }
    await drained();
    expect([object.storage.takeCalls(), object.alarmInMs]).toEqual([["setAlarm"], 5_000]);
    await object.pass(5_000);
    expect(object.runs).toEqual(["timer"]);
    await object.ring();
    expect([object.runs, object.alarmInMs]).toEqual([["timer", "alarm"], null]);
    object.scheduler.schedule("timer", object.at(6_000));
    await drained();
    expect([object.storage.takeCalls(), object.alarmInMs]).toEqual([[], null]);
    object.scheduler.schedule("alarm", object.at(7_000));
    await object.restart();
    await object.pass(7_000);
    await object.ring();
    expect([object.runs, object.prepared]).toEqual([["timer", "alarm"], 0]);
  });

  test("sets a timer again that did not run", async () => {
    const object = new RestartingObject();
    object.register("timed", { stored: false });
    object.scheduler.schedule("timed", object.at(1_000));
    await drained();
    // The timer is lost.
    object.clock.advance(2_000);
    object.timers.cancel("alarm-scheduler.tick");
    object.scheduler.schedule("timed", object.at(3_000));
    await drained();
    await object.pass(1_000);
    expect(object.runs).toEqual(["timed"]);
  });

  test("drops timed tasks with the memory of the object", async () => {
    const object = new RestartingObject();
    object.register("timed", { stored: false });
    object.scheduler.schedule("timed", object.at(5_000));
    await drained();
    await object.restart();
    await object.pass(95_000);
    expect(await object.ring()).toBe(true);
    expect([object.runs, object.prepared, object.alarmInMs]).toEqual([[], 0, null]);
  });

  test("runs tasks that `prepare` registers in the same alarm", async () => {
    const object = new RestartingObject();
    object.register("a");
    object.scheduler.schedule("a", object.at(5_000));
    await drained();
    await object.restart();
    object.prepare = async () => {
      await drained();
      object.register("a");
    };
    await object.pass(5_000);
    await object.ring();
    expect([object.runs, object.prepared, object.storage.stored]).toEqual([["a"], 1, {}]);
    object.scheduler.schedule("a", object.at(6_000));
    await object.pass(1_000);
    await object.ring();
    expect([object.runs, object.prepared]).toEqual([["a", "a"], 1]);
  });

  test("drops a due time without a task once it is due, with a warning", async () => {
    const object = new RestartingObject();
    for (const [name, ms] of [
      ["old", 5_000],
      ["later", 9_000],
      ["known", 5_000],
    ] as const) {
      object.register(name);
      object.scheduler.schedule(name, object.at(ms));
    }
    await drained();
    await object.restart();
    object.prepare = async () => void object.register("known");
    await object.pass(5_000);
    await object.ring();
    expect([object.runs, object.storage.stored, object.alarmInMs]).toEqual([
      ["known"],
      { later: object.at(9_000) },
      9_000,
    ]);
    expect(object.logger.entries).toEqual([
      { level: "warn", message: "alarm: unknown task", fields: { task: "old" } },
    ]);
  });

  test("runs a task once when an alarm arrives twice", async () => {
    const object = new RestartingObject();
    object.register("a");
    object.scheduler.schedule("a", object.at(0));
    await drained();
    await Promise.all([object.ringNow(), object.ringNow()]);
    await object.ringNow();
    expect([object.runs, object.storage.stored, object.alarmInMs]).toEqual([["a"], {}, null]);
  });

  test("stores due times planned during a handler at once", async () => {
    const object = new RestartingObject();
    let end = (): void => {};
    const busy = new Promise<void>((resolve) => {
      end = resolve;
    });
    object.register("busy", { task: () => busy });
    object.register("other");
    object.scheduler.schedule("busy", object.at(0));
    await drained();
    const alarm = object.scheduler.alarm();
    object.scheduler.schedule("other", object.at(7_000));
    await drained();
    expect(object.storage.stored).toEqual({ busy: object.at(0), other: object.at(7_000) });
    end();
    await alarm;
    expect([object.storage.stored, object.alarmInMs]).toEqual([{ other: object.at(7_000) }, 7_000]);
  });

  test("keeps due times when the clock is set back", async () => {
    const object = new RestartingObject();
    object.register("stored");
    object.register("timed", { stored: false });
    object.scheduler.schedule("stored", object.at(5_000));
    object.scheduler.schedule("timed", object.at(5_000));
    await drained();
    object.clock.set(object.at(-3_600_000));
    object.scheduler.schedule("timed", object.at(-3_595_000));
    await drained();
    await object.pass(5_000);
    expect(object.runs).toEqual(["timed"]);
    await object.pass(3_600_000);
    await object.ring();
    expect(object.runs).toEqual(["timed", "stored"]);
  });
});

describe("AlarmScheduler.reset", () => {
  test("drops all plans on reset and accepts new ones", async () => {
    const object = new RestartingObject();
    object.register("a");
    object.register("timed", { stored: false });
    object.scheduler.schedule("a", object.at(5_000));
    object.scheduler.schedule("timed", object.at(5_000));
    await drained();
    object.storage.clear();
    object.scheduler.reset();
    object.storage.takeCalls();
    await drained();
    await object.pass(600_000);
    expect([object.runs, object.storage.calls, object.scheduler.alarmAtMs]).toEqual([[], [], undefined]);
    object.scheduler.schedule("a", object.at(700_000));
    await drained();
    expect([object.storage.stored, object.alarmInMs]).toEqual([{ a: object.at(700_000) }, 700_000]);
  });
});
