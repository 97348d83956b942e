/** The incarnations of one object. Its storage is kept and its memory is lost. */

import { AlarmScheduler } from "../../src/adapters/durable_object/mod.ts";
import { FakeClock, ManualScheduler, RecordingLogger } from "../../src/testing/mod.ts";
import { FakeObjectStorage } from "./fake_object_storage.ts";

/** One object over its incarnations. Schedulers of earlier incarnations are dropped without cleanup. */
export class RestartingObject {
  readonly clock: FakeClock = new FakeClock();
  readonly storage: FakeObjectStorage = new FakeObjectStorage();
  readonly logger: RecordingLogger = new RecordingLogger();
  readonly startMs: number = this.clock.nowMs();
  /** The timers of this incarnation. */
  timers: ManualScheduler;
  scheduler: AlarmScheduler;
  /** Names of tasks that ran, in order. */
  readonly runs: string[] = [];
  /** Registers the tasks of the account when it opens. */
  prepare: () => Promise<void> = async () => {};
  /** Number of calls of `prepare`. */
  prepared = 0;

  constructor() {
    this.timers = new ManualScheduler(this.clock);
    this.scheduler = this.#newScheduler();
  }

  /** Milliseconds since the beginning. */
  at(ms: number): number {
    return this.startMs + ms;
  }

  /** When the platform's alarm is due, in milliseconds since the beginning. */
  get alarmInMs(): number | null {
    const { alarmAtMs } = this.storage;
    return alarmAtMs === null ? null : alarmAtMs - this.startMs;
  }

  /** Starts a new incarnation over the same storage, without the memory of the previous one. */
  async restart(): Promise<void> {
    this.forget();
    await this.scheduler.repair();
    await drained();
  }

  /** Starts a new incarnation without `repair`. */
  forget(): void {
    this.timers = new ManualScheduler(this.clock);
    this.scheduler = this.#newScheduler();
  }

  /** Registers a task that records its runs. */
  register(name: string, options: { stored?: boolean; task?: () => Promise<void> } = {}): () => void {
    const { stored = true, task } = options;
    const run = async (): Promise<void> => {
      this.runs.push(name);
      await task?.();
    };
    return this.scheduler.register(name, run, { stored });
  }

  /** Lets time pass and runs timers, but not the alarm. */
  async pass(ms: number): Promise<void> {
    await this.timers.advance(ms);
    await drained();
  }

  /** Runs the alarm if it is due, as the platform does. @returns Whether it was due. */
  async ring(): Promise<boolean> {
    const { alarmAtMs } = this.storage;
    if (alarmAtMs === null || alarmAtMs > this.clock.nowMs()) return false;
    await this.ringNow();
    return true;
  }

  /** Runs the alarm, whenever it is due. */
  async ringNow(): Promise<void> {
    this.storage.alarmAtMs = null;
    await this.scheduler.alarm(async () => {
      this.prepared += 1;
      await this.prepare();
    });
    await drained();
  }

  #newScheduler(): AlarmScheduler {
    const { clock, timers, logger } = this;
    return new AlarmScheduler(this.storage, { clock, timers, logger });
  }
}

/** Resolves when all pending microtasks have run. */
export async function drained(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
