/** An account in an object whose time is simulated and whose memory can be lost. */

import type { Account } from "../../src/account/mod.ts";
import type { SenderKeyRecord, SessionRecord } from "../../src/ratchet/mod.ts";
import { type SignalStoreCache, signalCache } from "../../src/signal/mod.ts";
import { FakeClock, ManualScheduler, SeededRandom } from "../../src/testing/mod.ts";
import { AccountObject } from "../../src/worker/mod.ts";
import type { CountedStorage } from "./counted_storage.ts";

const ALARM = "alarm";

/** One incarnation after another of an object over one storage. */
export class SimulatedObject {
  readonly clock: FakeClock = new FakeClock();
  readonly storage: CountedStorage;
  readonly #random = new SeededRandom(11);
  #scheduler: ManualScheduler;
  #object: AccountObject;

  constructor(storage: CountedStorage) {
    this.storage = storage;
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
      const dueMs = this.#nextDueMs();
      const nextMs = Math.min(untilMs, Math.max(dueMs, this.clock.nowMs()));
      await this.#scheduler.advance(nextMs - this.clock.nowMs());
      await drained();
      if (dueMs > untilMs) return;
    }
  }

  #nextDueMs(): number {
    const times = this.#scheduler.scheduled.map((name) => this.#scheduler.dueAtMs(name) ?? 0);
    return Math.min(...times, Number.POSITIVE_INFINITY);
  }

  #begin(): [ManualScheduler, AccountObject] {
    const { clock, storage } = this;
    const scheduler = new ManualScheduler(clock);
    const object = new AccountObject(
      { id: { name: "bench" }, storage, blockConcurrencyWhile: (work) => work() },
      { host: { clock, random: this.#random }, timers: scheduler },
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

/** Waits one turn of the event loop, so that unawaited work ends. */
export function drained(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
