import {
  type Clock,
  type Logger,
  type ScheduledTask,
  type Scheduler,
  silentLogger,
  systemClock,
  type TaskOptions,
  TimerScheduler,
} from "../../ports/mod.ts";
import type { AlarmStorageLike } from "./object_storage.ts";
import { loadDueTimes, saveDueTimes } from "./stored_due_times.ts";

/**
 * How long after a task that is not stored the alarm looks whether it has run, in milliseconds. A timer runs it while the object is
 * in memory, and without memory there is nothing to do for it: the alarm is a second string. Setting it is billed as a row, so
 * it comes once in a while and not for every change.
 */
const NET_MS = 90_000;

/** First wait after a failure, doubling up to the second, in milliseconds. */
const FIRST_RETRY_MS = 2_000;
const MAX_RETRY_MS = 300_000;

/** The one timer. */
const TICK = "alarm-scheduler.tick";

/** What an `AlarmScheduler` takes from its surroundings. */
export interface AlarmSchedulerOptions {
  /** The host's clock unless given. It must agree with the platform's, by which alarms are due. */
  readonly clock?: Clock | undefined;
  /** Runs tasks while the object is in memory: the host's timers unless given. */
  readonly timers?: Scheduler | undefined;
  readonly logger?: Logger | undefined;
}

interface Entry {
  readonly name: string;
  readonly task: ScheduledTask;
  readonly isStored: boolean;
  dueAtMs: number | undefined;
  /** How often it has rejected in a row. */
  failures: number;
  running: Promise<void> | undefined;
}

/**
 * A `Scheduler` over the one alarm of a Durable Object.
 *
 * - **Stored tasks** (`register` with `stored`) keep their due times in the object's database and are run by the alarm, in whatever
 *   life of the object it comes. Tasks that are planned in one turn of the event loop cost one row, and the alarm another.
 * - **Other tasks** concern what is in memory. A timer runs them; the alarm is only a net behind it, and brings back nothing
 *   when the memory is gone.
 * - The alarm is moved only when the earliest due time moves earlier, and set after everything else. One that comes too early
 *   finds nothing due and is set again.
 * - Whatever fails, the alarm is set again, ever later up to five minutes: `alarm` rejects only when setting it failed as well, so that
 *   the platform's few retries are never used up by a task. A stored task that rejects stays due.
 * - A stored task may run more than once for one due time, as the platform delivers alarms at least once.
 *
 * Call `repair` in the object's constructor, within `blockConcurrencyWhile`, and `alarm` in its `alarm` handler.
 *
 * @example
 * ```ts
 * import { AlarmScheduler, type AlarmStorageLike } from "@holdfast/store/durable-object";
 *
 * class Reminder {
 *   readonly #scheduler: AlarmScheduler;
 *
 *   constructor(ctx: { storage: AlarmStorageLike; blockConcurrencyWhile<T>(work: () => Promise<T>): Promise<T> }) {
 *     this.#scheduler = new AlarmScheduler(ctx.storage);
 *     this.#scheduler.register("remind", async () => console.log("now"), { stored: true });
 *     ctx.blockConcurrencyWhile(() => this.#scheduler.repair());
 *   }
 *
 *   fetch(): Response {
 *     this.#scheduler.schedule("remind", Date.now() + 3_600_000);
 *     return new Response("in an hour");
 *   }
 *
 *   alarm(): Promise<void> {
 *     return this.#scheduler.alarm();
 *   }
 * }
 * ```
 */
export class AlarmScheduler implements Scheduler {
  readonly #storage: AlarmStorageLike;
  readonly #clock: Clock;
  readonly #timers: Scheduler;
  readonly #logger: Logger;
  readonly #entries = new Map<string, Entry>();
  /** Stored due times of tasks that are not registered, from an earlier life. */
  readonly #unclaimed = new Map<string, number>();
  /** When the alarm is due, as far as is known. */
  #alarmAtMs: number | undefined;
  /** When the timer is due. */
  #tickAtMs: number | undefined;
  /** What was stored last, to tell whether anything has changed. */
  #storedJson = "";
  #settling = false;
  /** Alarm handlers under way: they set the alarm when they end. */
  #handling = 0;
  /** Failures in a row: of the alarm's handler, and of storing due times and setting the alarm outside of it. */
  #handlerFailures = 0;
  #storeFailures = 0;

  constructor(storage: AlarmStorageLike, options: AlarmSchedulerOptions = {}) {
    const { clock = systemClock, logger = silentLogger } = options;
    this.#storage = storage;
    this.#clock = clock;
    this.#timers = options.timers ?? new TimerScheduler(clock);
    this.#logger = logger;
    this.#timers.register(TICK, () => this.#tick());
  }

  /** When the alarm is due, in milliseconds; `undefined` when it is not set. */
  get alarmAtMs(): number | undefined {
    return this.#alarmAtMs;
  }

  register(name: string, task: ScheduledTask, options: TaskOptions = {}): () => void {
    if (this.#entries.has(name)) throw new TypeError(`register task: name ${JSON.stringify(name)} is taken`);
    const isStored = options.stored === true;
    const dueAtMs = isStored ? this.#unclaimed.get(name) : undefined;
    if (isStored) this.#unclaimed.delete(name);
    const entry: Entry = { name, task, isStored, dueAtMs, failures: 0, running: undefined };
    this.#entries.set(name, entry);
    return () => {
      if (this.#entries.get(name) !== entry) return;
      this.#entries.delete(name);
      entry.dueAtMs = undefined;
      this.#settleSoon();
    };
  }

  schedule(name: string, dueAtMs: number): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      throw new TypeError(`schedule task: name ${JSON.stringify(name)} is not registered`);
    }
    entry.dueAtMs = dueAtMs;
    entry.failures = 0;
    this.#settleSoon();
  }

  cancel(name: string): void {
    const entry = this.#entries.get(name);
    if (entry?.dueAtMs === undefined) return;
    entry.dueAtMs = undefined;
    this.#settleSoon();
  }

  dueAtMs(name: string): number | undefined {
    return this.#entries.get(name)?.dueAtMs;
  }

  /**
   * Reads what an earlier life of the object has planned, and sets the alarm when it is missing or too late: a handler that failed
   * seven times has lost it. What cannot be read is logged and planned anew by whoever registers. It never rejects.
   */
  async repair(): Promise<void> {
    try {
      this.#alarmAtMs = (await this.#storage.getAlarm()) ?? undefined;
      const dueTimes = loadDueTimes(this.#storage);
      this.#storedJson = JSON.stringify([...dueTimes]);
      for (const [name, dueAtMs] of dueTimes) {
        const entry = this.#entries.get(name);
        if (entry === undefined) this.#unclaimed.set(name, dueAtMs);
        else entry.dueAtMs ??= dueAtMs;
      }
    } catch (error) {
      this.#report("alarm: could not be repaired", error);
    }
    await this.#arm();
  }

  /**
   * What the object's `alarm` handler does: runs every task that is due, and sets the alarm again.
   *
   * @param prepare Registers tasks, say by opening what they belong to. When it rejects, nothing was run and there is another try.
   * @throws What setting the alarm throws: then the platform tries again.
   */
  async alarm(prepare: () => Promise<void> = async () => {}): Promise<void> {
    this.#alarmAtMs = undefined;
    this.#handling += 1;
    try {
      await prepare();
      await Promise.all(this.#due().map((entry) => this.#run(entry)));
      this.#forgetUnclaimed();
      this.#save();
      this.#handlerFailures = 0;
    } catch (error) {
      this.#handlerFailures += 1;
      this.#report("alarm: failed", error);
    } finally {
      this.#handling -= 1;
    }
    const isSet = await this.#arm();
    if (!isSet) throw new Error("alarm: could not be set again");
  }

  /** Forgets every due time, stored ones apart, and the alarm: the object's storage is about to be deleted. */
  reset(): void {
    for (const entry of this.#entries.values()) entry.dueAtMs = undefined;
    this.#unclaimed.clear();
    this.#storedJson = "";
    this.#alarmAtMs = undefined;
    this.#timers.cancel(TICK);
    this.#tickAtMs = undefined;
  }

  /** What the alarm runs: all that is due, stored or not. */
  #due(): Entry[] {
    const nowMs = this.#clock.nowMs();
    return [...this.#entries.values()].filter(({ dueAtMs }) => dueAtMs !== undefined && dueAtMs <= nowMs);
  }

  async #tick(): Promise<void> {
    this.#tickAtMs = undefined;
    for (const entry of this.#due()) if (!entry.isStored) void this.#run(entry);
    this.#settleSoon();
  }

  /** Runs a task, never twice at the same time. It never rejects. */
  #run(entry: Entry): Promise<void> {
    entry.running ??= this.#attempt(entry).finally(() => {
      entry.running = undefined;
      this.#settleSoon();
    });
    return entry.running;
  }

  async #attempt(entry: Entry): Promise<void> {
    entry.dueAtMs = undefined;
    try {
      await entry.task();
      entry.failures = 0;
    } catch (error) {
      entry.failures += 1;
      this.#report("alarm: a task failed", error);
      if (entry.isStored) entry.dueAtMs ??= this.#clock.nowMs() + retryMs(entry.failures);
    }
  }

  /** At the end of this turn of the event loop, once for all changes in it. */
  #settleSoon(): void {
    if (this.#settling) return;
    this.#settling = true;
    void Promise.resolve().then(async () => {
      this.#settling = false;
      if (this.#handling > 0) return this.#armTimer();
      try {
        this.#save();
        this.#storeFailures = 0;
      } catch (error) {
        this.#storeFailures += 1;
        this.#report("alarm: due times could not be stored", error);
      }
      await this.#arm();
    });
  }

  /** Stores the due times, if they have changed. A task that runs is as good as due until it has ended. */
  #save(): void {
    const stored = [...this.#entries.values()].filter(({ isStored }) => isStored);
    if (stored.some(({ running }) => running !== undefined)) return;
    const dueTimes = new Map(this.#unclaimed);
    for (const { name, dueAtMs } of stored) if (dueAtMs !== undefined) dueTimes.set(name, dueAtMs);
    const json = JSON.stringify([...dueTimes]);
    if (json === this.#storedJson || (dueTimes.size === 0 && this.#storedJson === "")) return;
    saveDueTimes(this.#storage, dueTimes);
    this.#storedJson = json;
  }

  /** Tasks that nobody registers any more: those of an older release. */
  #forgetUnclaimed(): void {
    for (const task of this.#unclaimed.keys()) this.#logger.log("warn", "alarm: unknown task", { task });
    this.#unclaimed.clear();
  }

  /** Sets timer and alarm to the earliest due time, if they are not set to an earlier one. @returns Whether they are set. */
  async #arm(): Promise<boolean> {
    this.#armTimer();
    const targetMs = this.#alarmTargetMs();
    if (targetMs === undefined || (this.#alarmAtMs ?? Number.POSITIVE_INFINITY) <= targetMs) return true;
    this.#alarmAtMs = targetMs;
    try {
      await this.#storage.setAlarm(targetMs);
      return true;
    } catch (error) {
      this.#alarmAtMs = undefined;
      this.#storeFailures += 1;
      this.#report("alarm: could not be set", error);
      // While there is memory, the timer tries again.
      this.#armTimer();
      return false;
    }
  }

  #armTimer(): void {
    const dueMs = [...this.#entries.values()].flatMap(({ isStored, dueAtMs, running }) =>
      isStored || dueAtMs === undefined || running !== undefined ? [] : [dueAtMs],
    );
    if (this.#storeFailures > 0) dueMs.push(this.#clock.nowMs() + retryMs(this.#storeFailures));
    const earliestMs = Math.min(...dueMs);
    if (earliestMs === Number.POSITIVE_INFINITY) return;
    if (this.#tickAtMs !== undefined && this.#tickAtMs <= earliestMs) return;
    this.#tickAtMs = earliestMs;
    this.#timers.schedule(TICK, earliestMs);
  }

  #alarmTargetMs(): number | undefined {
    // What is due could not be run: not at once again.
    if (this.#handlerFailures > 0) return this.#clock.nowMs() + retryMs(this.#handlerFailures);
    const times = [...this.#unclaimed.values()];
    for (const { isStored, dueAtMs } of this.#entries.values()) {
      if (dueAtMs !== undefined) times.push(isStored ? dueAtMs : dueAtMs + NET_MS);
    }
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #report(message: string, error: unknown): void {
    const code = error instanceof Error ? error.name : typeof error;
    this.#logger.log("warn", message, { code });
  }
}

function retryMs(failures: number): number {
  return Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
}
