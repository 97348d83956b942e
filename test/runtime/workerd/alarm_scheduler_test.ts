/** The scheduler over the storage of a real object, with the platform's alarm. No test waits for an alarm. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { AlarmScheduler } from "../../../src/adapters/durable_object/mod.ts";
import { FakeClock, ManualScheduler } from "../../../src/testing/mod.ts";
import type { TestStorage } from "./objects.ts";

const HOUR_MS = 3_600_000;

/** Starts an incarnation of an object's scheduler, as the constructor of an object does. */
async function begin(
  storage: TestStorage,
  names: readonly string[] = [],
): Promise<{ scheduler: AlarmScheduler; runs: string[] }> {
  // The platform accepts future times and fires past ones at once, so the fake clock is fixed in the future.
  const clock = new FakeClock(START_MS);
  const scheduler = new AlarmScheduler(storage, { clock, timers: new ManualScheduler(clock) });
  await scheduler.repair();
  const runs: string[] = [];
  for (const name of names) scheduler.register(name, async () => void runs.push(name), { stored: true });
  return { scheduler, runs };
}

const START_MS = Date.now() + 24 * HOUR_MS;

/** Runs a test inside an object of its own. */
function inObject(name: string, run: (storage: TestStorage) => Promise<void>): void {
  test(name, () =>
    runInDurableObject(env.OBJECTS.get(env.OBJECTS.idFromName(name)), (_instance, { storage }) =>
      run(storage),
    ),
  );
}

/** Resolves when the plans of this turn of the event loop are stored. */
function stored(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

describe("AlarmScheduler in workerd", () => {
  inObject("restores due times and the alarm of an earlier incarnation", async (storage) => {
    const names = ["a", "1", "__proto__", "ключ 🔑", 'quote " and \\ and :'];
    const first = await begin(storage, names);
    for (const [index, name] of names.entries()) {
      first.scheduler.schedule(name, START_MS + HOUR_MS - index * 1_000);
    }
    await stored();
    const earliestMs = START_MS + HOUR_MS - (names.length - 1) * 1_000;
    expect(await storage.getAlarm()).toBe(earliestMs);
    const second = await begin(storage, names.toReversed());
    expect(second.scheduler.alarmAtMs).toBe(earliestMs);
    for (const [index, name] of names.entries()) {
      expect(second.scheduler.dueAtMs(name)).toBe(START_MS + HOUR_MS - index * 1_000);
    }
  });

  inObject("limits far due times to the range of the platform", async (storage) => {
    const { scheduler } = await begin(storage, ["ages"]);
    for (const dueAtMs of [Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER, 8.64e15, START_MS + 0.5]) {
      scheduler.schedule("ages", dueAtMs);
      await stored();
      const alarmAtMs = await storage.getAlarm();
      expect(alarmAtMs).toBe(Math.min(Math.ceil(dueAtMs), START_MS + 365 * 24 * HOUR_MS));
      const { scheduler: next } = await begin(storage, ["ages"]);
      expect(next.dueAtMs("ages")).toBe(Math.min(Math.ceil(dueAtMs), Number.MAX_SAFE_INTEGER));
    }
  });

  inObject("repairs an alarm that is lost or too late", async (storage) => {
    const { scheduler } = await begin(storage, ["a"]);
    scheduler.schedule("a", START_MS + HOUR_MS);
    await stored();
    await storage.deleteAlarm();
    await begin(storage);
    expect(await storage.getAlarm()).toBe(START_MS + HOUR_MS);
    await storage.setAlarm(START_MS + 2 * HOUR_MS);
    await begin(storage);
    expect(await storage.getAlarm()).toBe(START_MS + HOUR_MS);
  });

  inObject("keeps new plans after the storage was deleted", async (storage) => {
    const { scheduler, runs } = await begin(storage, ["a"]);
    scheduler.schedule("a", START_MS + HOUR_MS);
    await stored();
    await storage.deleteAll();
    scheduler.reset();
    await stored();
    expect(await storage.getAlarm()).toBeNull();
    expect([...storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'alarm_tasks'").raw()]).toEqual(
      [],
    );
    const { scheduler: next } = await begin(storage, ["a"]);
    expect([next.dueAtMs("a"), next.alarmAtMs, runs]).toEqual([undefined, undefined, []]);
    scheduler.schedule("a", START_MS + 1_000);
    await stored();
    expect(await storage.getAlarm()).toBe(START_MS + 1_000);
    await scheduler.alarm();
    expect(runs).toEqual([]);
    await storage.deleteAll();
  });
});
