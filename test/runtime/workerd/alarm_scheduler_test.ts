/**
 * The scheduler over the storage of a real object, whose alarm the platform keeps. Nothing waits for one to
 * ring.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { AlarmScheduler } from "../../../src/adapters/durable_object/mod.ts";
import { FakeClock, ManualScheduler } from "../../../src/testing/mod.ts";
import type { TestStorage } from "./objects.ts";

const HOUR_MS = 3_600_000;

/** An incarnation of an object's scheduler, begun as an object's constructor does it. */
async function begin(
  storage: TestStorage,
  names: readonly string[] = [],
): Promise<{ scheduler: AlarmScheduler; runs: string[] }> {
  // The platform refuses nothing in the future, and lets what is past ring at once: so time stands still,
  // ahead.
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

/** When what was planned in this turn of the event loop is stored. */
function stored(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

inObject(
  "due times of another incarnation, hostile names too, and the alarm are found as they were",
  async (storage) => {
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
  },
);

inObject(
  "the platform takes whatever time is planned: one in ages is set to what it can count",
  async (storage) => {
    const { scheduler } = await begin(storage, ["ages"]);
    for (const dueAtMs of [Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER, 8.64e15, START_MS + 0.5]) {
      scheduler.schedule("ages", dueAtMs);
      await stored();
      const alarmAtMs = await storage.getAlarm();
      expect(alarmAtMs).toBe(Math.min(Math.ceil(dueAtMs), START_MS + 365 * 24 * HOUR_MS));
      const { scheduler: next } = await begin(storage, ["ages"]);
      expect(next.dueAtMs("ages")).toBe(Math.min(Math.ceil(dueAtMs), Number.MAX_SAFE_INTEGER));
    }
  },
);

inObject(
  "an alarm that is lost is set again by the next incarnation, and one that is too late is moved",
  async (storage) => {
    const { scheduler } = await begin(storage, ["a"]);
    scheduler.schedule("a", START_MS + HOUR_MS);
    await stored();
    await storage.deleteAlarm();
    await begin(storage);
    expect(await storage.getAlarm()).toBe(START_MS + HOUR_MS);
    await storage.setAlarm(START_MS + 2 * HOUR_MS);
    await begin(storage);
    expect(await storage.getAlarm()).toBe(START_MS + HOUR_MS);
  },
);

inObject(
  "deleting everything takes the due times and the alarm with it, and the next plan is kept",
  async (storage) => {
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
  },
);
