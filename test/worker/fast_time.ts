/** Time that passes faster for an object than for its platform, so that hours pass in seconds of a test. */

import { type Clock, type Scheduler, systemClock, TimerScheduler } from "../../src/ports/mod.ts";
import type { AccountStorageLike } from "../../src/worker/mod.ts";

/** Clock and timers of an object, and its storage with an alarm in the object's time. */
export interface FastTime {
  readonly clock: Clock;
  readonly timers: Scheduler;
  storage(real: AccountStorageLike): AccountStorageLike;
}

/**
 * @param factor The speed-up.
 * @param originMs The moment when both clocks agree. Must be the same in every incarnation of an object.
 */
export function fastTime(factor: number, originMs: number): FastTime {
  const toFast = (realMs: number): number => originMs + Math.floor((realMs - originMs) * factor);
  const toReal = (fastMs: number): number => originMs + Math.ceil((fastMs - originMs) / factor);
  const inner = new TimerScheduler();
  return {
    clock: { nowMs: () => toFast(systemClock.nowMs()) },
    timers: {
      register: (name, task) => inner.register(name, task),
      schedule: (name, dueAtMs) => inner.schedule(name, toReal(dueAtMs)),
      cancel: (name) => inner.cancel(name),
    },
    storage: (real) => ({
      sql: real.sql,
      transactionSync: (work) => real.transactionSync(work),
      async getAlarm() {
        const alarmAtMs = await real.getAlarm();
        return alarmAtMs === null ? null : toFast(alarmAtMs);
      },
      setAlarm: (scheduledTimeMs) => real.setAlarm(toReal(scheduledTimeMs)),
      deleteAlarm: () => real.deleteAlarm(),
      deleteAll: () => real.deleteAll(),
    }),
  };
}
