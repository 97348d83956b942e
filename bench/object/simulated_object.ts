/** An account in an object whose time is simulated and whose memory can be lost. */

import type { Account } from "../../src/account/mod.ts";
import type { SenderKeyRecord, SessionRecord } from "../../src/ratchet/mod.ts";
import { type SignalStoreCache, signalCache } from "../../src/signal/mod.ts";
import { FakeClock, ManualScheduler, SeededRandom } from "../../src/testing/mod.ts";
import { AccountObject, type AccountObjectOptions } from "../../src/worker/mod.ts";
import type { CountedStorage } from "./counted_storage.ts";

const ALARM = "alarm";

/** How an object is configured. */
export type SimulatedOptions = Pick<AccountObjectOptions, "newDevice" | "signal">;

/** One incarnation after another of an object over one storage. */
export class SimulatedObject {
  readonly clock: FakeClock = new FakeClock();
  readonly storage: CountedStorage;
  /** Time for which a timer was pending, in milliseconds. */
  timerPendingMs = 0;
  readonly #options: SimulatedOptions;
  readonly #random = new SeededRandom(11);
  #scheduler: ManualScheduler;
  #object: AccountObject;

  constructor(storage: CountedStorage, options: SimulatedOptions = {}) {
    this.storage = storage;
    this.#options = options;
    [this.#scheduler, this.#object] = this.#begin();
  }

  account(): Promise<Account> {
    return this.#object.account();
  }

  async cache(): Promise<SignalStoreCache<SessionRecord, SenderKeyRecord>> {
    return signalCache(await this.account());
  }

  /** Drops the memory and the timers without cleanup. The alarm stays. */
  evict(): void {
    [this.#scheduler, this.#object] = this.#begin();
  }

  /** Lets time pass, and runs timers and the alarm when they are due. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.clock.nowMs() + ms;
    for (;;) {
      await this.settled();
      const { scheduled } = this.#scheduler;
      const nowMs = this.clock.nowMs();
      const dueMs = scheduled.map((name) => this.#scheduler.dueAtMs(name) ?? 0);
      const nextMs = Math.min(untilMs, ...dueMs);
      if (scheduled.some((name) => name !== ALARM)) this.timerPendingMs += nextMs - nowMs;
      this.clock.set(nextMs);
      if (nextMs === untilMs && !dueMs.includes(nextMs)) return;
    }
  }

  /**
   * Runs what is due now. The clock does not move before all macrotasks have run: the object decides in one
   * what a turn leaves.
   */
  async settled(): Promise<void> {
    await drained();
    while ((await this.#scheduler.runDue()) > 0) await unawaited();
  }

  #begin(): [ManualScheduler, AccountObject] {
    const { clock, storage } = this;
    const scheduler = new ManualScheduler(clock);
    const object = new AccountObject(
      { id: { name: "bench" }, storage, blockConcurrencyWhile: (work) => work() },
      { ...this.#options, host: { clock, random: this.#random }, timers: scheduler },
    );
    scheduler.register(ALARM, async () => {
      storage.alarmAtMs = undefined;
      await object.alarm();
    });
    storage.onAlarmSet = (atMs) => scheduler.schedule(ALARM, atMs);
    if (storage.alarmAtMs !== undefined) scheduler.schedule(ALARM, storage.alarmAtMs);
    return [scheduler, object];
  }
}

/** Turns of the microtask queue in which unawaited work of a task ends: it waits for no macrotask. */
const MICROTASKS = 200;

async function unawaited(): Promise<void> {
  for (let turn = 0; turn < MICROTASKS; turn += 1) await Promise.resolve();
}

/** Waits one turn of the event loop. */
export function drained(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
