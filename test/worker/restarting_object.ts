/** The incarnations of one object: its storage stays, and its memory goes. */

import { AlarmScheduler } from "../../src/adapters/durable_object/mod.ts";
import { FakeClock, ManualScheduler, RecordingLogger } from "../../src/testing/mod.ts";
import { FakeObjectStorage } from "./fake_object_storage.ts";

/** One object over its incarnations. The schedulers of earlier ones are dropped as they are. */
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
  /** What opening the account registers. */
  prepare: () => Promise<void> = async () => {};
  /** How often it was called. */
  prepared = 0;

  constructor() {
    this.timers = new ManualScheduler(this.clock);
    this.scheduler = this.#newScheduler();
  }

  /** Milliseconds since the beginning. */
  at(ms: number): number {
    return this.startMs + ms;
  }

  /** When the platform's alarm is due, since the beginning. */
  get alarmInMs(): number | null {
    const { alarmAtMs } = this.storage;
    return alarmAtMs === null ? null : alarmAtMs - this.startMs;
  }

  /** A new incarnation over the same storage: what was in memory is gone. */
  async restart(): Promise<void> {
    this.forget();
    await this.scheduler.repair();
    await drained();
  }

  /** A new incarnation that has not repaired itself yet. */
  forget(): void {
    this.timers = new ManualScheduler(this.clock);
    this.scheduler = this.#newScheduler();
  }

  /** Registers a task that takes note of its runs. */
  register(name: string, options: { stored?: boolean; task?: () => Promise<void> } = {}): () => void {
    const { stored = true, task } = options;
    const run = async (): Promise<void> => {
      this.runs.push(name);
      await task?.();
    };
    return this.scheduler.register(name, run, { stored });
  }

  /** Lets time pass, in memory alone: timers run, the alarm does not ring. */
  async pass(ms: number): Promise<void> {
    await this.timers.advance(ms);
    await drained();
  }

  /** Rings the alarm if it is due, as the platform does. @returns Whether it was. */
  async ring(): Promise<boolean> {
    const { alarmAtMs } = this.storage;
    if (alarmAtMs === null || alarmAtMs > this.clock.nowMs()) return false;
    await this.ringNow();
    return true;
  }

  /** Rings the alarm whenever it is due. */
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

/** When everything that waits for nothing else has happened. */
export async function drained(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
