import { requireObject } from "../../errors/mod.ts";
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
import { plan, type TaskEntry, TaskTable } from "./task_table.ts";

/**
 * Delay of the fallback alarm after the due time of a task that is not stored, in milliseconds. A timer runs
 * the task while the object is in memory; without memory there is nothing to do. Setting an alarm is billed
 * as a row, so it is set rarely and not for every change.
 */
const NET_MS = 90_000;

/** First wait after a failure, doubling up to the second, in milliseconds. */
const FIRST_RETRY_MS = 2_000;
const MAX_RETRY_MS = 300_000;

/**
 * Maximum delay of the alarm in milliseconds. The platform counts nanoseconds in 64 bits, and an early alarm
 * is set again.
 */
const MAX_AHEAD_MS = 365 * 86_400_000;

/** Name of the only timer. */
const TICK = "alarm-scheduler.tick";

/** Options of `AlarmScheduler`. */
export interface AlarmSchedulerOptions {
  /** Defaults to the host's clock. It must agree with the platform's clock, which triggers alarms. */
  readonly clock?: Clock | undefined;
  /** Runs tasks while the object is in memory. Defaults to the host's timers. */
  readonly timers?: Scheduler | undefined;
  /** Takes warnings of a failed read, write or task. Defaults to none. */
  readonly logger?: Logger | undefined;
}

/**
 * A `Scheduler` over the one alarm of a Durable Object.
 *
 * - **Stored tasks** (`register` with `stored`) keep their due times in the object's database. The alarm runs
 *   them in any incarnation of the object. Tasks that are planned in one turn of the event loop cost one row,
 *   and the alarm another.
 * - **Other tasks** only affect memory. A timer runs them, and the alarm is a fallback; the option `alarm`
 *   leaves one to either alone. They are lost with the memory of the object.
 * - The alarm moves only when the earliest due time moves earlier, and is set after all other writes. An
 *   early alarm finds no due task and is set again, with growing delays while the platform's clock is ahead
 *   of the host's.
 * - Due times are written only after those of an earlier incarnation were read. A failed read is retried and
 *   loses no due time.
 * - After a failure the alarm is set again, with delays that grow to five minutes. `alarm` rejects only when
 *   setting the alarm fails too, so that a failing task does not use up the platform's retries. A stored task
 *   that rejects stays due.
 * - A stored task may run more than once for one due time, since the platform delivers alarms at least once.
 *   Its due time is kept until the alarm that runs it has ended.
 *
 * Call `repair` in the object's constructor, within `blockConcurrencyWhile`, and `alarm` in its `alarm`
 * handler.
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
  readonly #tasks: TaskTable;
  /** When the alarm is due, if known. */
  #alarmAtMs: number | undefined;
  /** Whether the alarm was read from the platform or has fired. */
  #isAlarmKnown = false;
  #readingAlarm: Promise<void> | undefined;
  /** When the timer is due. */
  #tickAtMs: number | undefined;
  #saving = false;
  /** Number of running alarm handlers. They set the alarm when they end. */
  #handling = 0;
  /** Consecutive failures of the alarm's handler, and of storing due times or setting the alarm. */
  #handlerFailures = 0;
  #storeFailures = 0;
  /** When storing and setting are retried. */
  #retryAtMs: number | undefined;
  /** Additional delay of the alarm, after it has fired too early. */
  #extraDelayMs = 0;

  /** Reads and sets nothing yet: call `repair` in the object's constructor. */
  constructor(storage: AlarmStorageLike, options: AlarmSchedulerOptions = {}) {
    requireObject("options", options);
    const { clock = systemClock, logger = silentLogger } = options;
    this.#storage = storage;
    this.#clock = clock;
    this.#timers = options.timers ?? new TimerScheduler(clock);
    this.#logger = logger;
    this.#tasks = new TaskTable(storage, clock, logger);
    this.#timers.register(TICK, () => this.#tick());
  }

  /** When the alarm is due, in milliseconds; `undefined` when it is not set. */
  get alarmAtMs(): number | undefined {
    return this.#alarmAtMs;
  }

  /** Whether the stored due times are damaged, so that stored tasks must be planned again. */
  get isDamaged(): boolean {
    return this.#tasks.isDamaged;
  }

  /**
   * See `Scheduler`. With `stored`, the due time of an earlier incarnation of the object applies. @throws
   * {TypeError} When the name is taken.
   */
  register(name: string, task: ScheduledTask, options: TaskOptions = {}): () => void {
    if (options.stored === true) this.#try("alarm: due times could not be read", () => this.#tasks.load());
    const entry = this.#tasks.add(name, task, options);
    return () => {
      if (this.#tasks.remove(entry)) this.#saveSoon();
    };
  }

  /** See `Scheduler`. Rounds `dueAtMs` up to a millisecond. @throws {RangeError} When it is not a number. */
  schedule(name: string, dueAtMs: number): void {
    const entry = this.#tasks.get(name);
    if (entry === undefined) {
      throw new TypeError(`schedule task: name ${JSON.stringify(name)} is not registered`);
    }
    if (Number.isNaN(dueAtMs)) throw new RangeError("schedule task: the due time is not a number");
    plan(entry, Math.min(Math.max(1, Math.ceil(dueAtMs)), Number.MAX_SAFE_INTEGER));
    entry.failures = 0;
    this.#saveSoon();
  }

  /** See `Scheduler`. */
  cancel(name: string): void {
    const entry = this.#tasks.get(name);
    if (entry === undefined) return;
    plan(entry, undefined);
    this.#saveSoon();
  }

  /** See `Scheduler`. Includes the due times of an earlier incarnation, once they are read. */
  dueAtMs(name: string): number | undefined {
    return this.#tasks.get(name)?.dueAtMs;
  }

  /**
   * Reads the due times of an earlier incarnation of the object, and sets the alarm if it is missing or too
   * late: the platform drops an alarm whose handler failed seven times. A failed read is retried later.
   * Damaged due times trigger an immediate alarm, in which tasks are registered and planned again. Never
   * rejects.
   */
  async repair(): Promise<void> {
    this.#tasks.unload();
    this.#isAlarmKnown = false;
    const isLoaded = this.#try("alarm: due times could not be read", () => this.#tasks.load());
    const isSet = await this.#setAlarm();
    this.#count(isLoaded && isSet);
  }

  /**
   * Implements the object's `alarm` handler: runs every due task and sets the alarm again.
   *
   * @param prepare Registers tasks, for example by opening their owner. Called when an unregistered task is
   *   due. A task that is still not registered afterwards is dropped. If it rejects, no task runs and there
   *   is another try.
   * @throws When the alarm could not be set again. The platform then retries.
   */
  async alarm(prepare: () => Promise<void> = async () => {}): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const earlyMs = Math.max(0, (this.#alarmAtMs ?? nowMs) - nowMs);
    this.#extraDelayMs = Math.min(earlyMs, Math.max(FIRST_RETRY_MS, 2 * this.#extraDelayMs));
    this.#alarmAtMs = undefined;
    this.#isAlarmKnown = true;
    this.#handling += 1;
    try {
      await this.#handle(prepare);
      this.#handlerFailures = 0;
    } catch (error) {
      this.#handlerFailures += 1;
      this.#report("alarm: failed", error);
    } finally {
      this.#handling -= 1;
    }
    const isSet = await this.#setAlarm();
    this.#count(isSet);
    if (!isSet) throw new Error("alarm: could not be set again");
  }

  /** Drops every due time and the alarm after the object's storage was emptied. Tasks stay registered. */
  reset(): void {
    this.#tasks.reset();
    this.#alarmAtMs = undefined;
    this.#isAlarmKnown = true;
    this.#handlerFailures = 0;
    this.#storeFailures = 0;
    this.#retryAtMs = undefined;
    this.#extraDelayMs = 0;
    this.#timers.cancel(TICK);
    this.#tickAtMs = undefined;
  }

  async #handle(prepare: () => Promise<void>): Promise<void> {
    const tasks = this.#tasks;
    tasks.load();
    if (tasks.isDamaged || tasks.unclaimedDue().length > 0) await prepare();
    const due = tasks.due();
    await Promise.all(due.map((entry) => this.#run(entry)));
    for (const entry of due) entry.heldAtMs = undefined;
    tasks.forgetUnclaimed();
    tasks.save();
  }

  async #tick(): Promise<void> {
    this.#tickAtMs = undefined;
    this.#retryAtMs = undefined;
    for (const entry of this.#tasks.due()) if (entry.byAlarm !== true) void this.#run(entry);
    this.#saveSoon();
  }

  /** Runs a task, never twice at the same time. Never rejects. */
  #run(entry: TaskEntry): Promise<void> {
    entry.running ??= this.#attempt(entry).finally(() => {
      entry.running = undefined;
      this.#saveSoon();
    });
    return entry.running;
  }

  async #attempt(entry: TaskEntry): Promise<void> {
    entry.heldAtMs = entry.dueAtMs;
    entry.dueAtMs = undefined;
    const { plans } = entry;
    try {
      await entry.task();
      entry.failures = 0;
    } catch (error) {
      entry.failures += 1;
      this.#report("alarm: a task failed", error);
      const isUntouched = entry.plans === plans;
      if (entry.isStored && isUntouched) entry.dueAtMs = this.#clock.nowMs() + retryMs(entry.failures);
    }
  }

  /** Saves once at the end of this turn of the event loop. */
  #saveSoon(): void {
    if (this.#saving) return;
    this.#saving = true;
    void Promise.resolve().then(async () => {
      this.#saving = false;
      const isSaved = this.#try("alarm: due times could not be stored", () => this.#tasks.save());
      const isSet = this.#handling > 0 || (await this.#setAlarm());
      this.#count(isSaved && isSet);
    });
  }

  /** Counts failures to store or to set. The timer retries while the object is in memory. */
  #count(isDone: boolean): void {
    this.#storeFailures = isDone ? 0 : this.#storeFailures + 1;
    this.#retryAtMs = isDone ? undefined : this.#clock.nowMs() + retryMs(this.#storeFailures);
    this.#armTimer();
  }

  #try(message: string, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.#report(message, error);
      return false;
    }
  }

  /**
   * Sets timer and alarm to the earliest due time, if they are not set to an earlier one. @returns Whether
   * they are set.
   */
  async #setAlarm(): Promise<boolean> {
    this.#armTimer();
    try {
      if (!this.#isAlarmKnown) {
        this.#readingAlarm ??= this.#readAlarm();
        await this.#readingAlarm;
      }
      const targetMs = this.#alarmTargetMs();
      if (targetMs === undefined || (this.#alarmAtMs ?? Number.POSITIVE_INFINITY) <= targetMs) return true;
      this.#alarmAtMs = targetMs;
      await this.#storage.setAlarm(targetMs);
      return true;
    } catch (error) {
      this.#alarmAtMs = undefined;
      this.#report("alarm: could not be set", error);
      return false;
    }
  }

  /** Reads the alarm. If that fails, sets it to the earliest known due time. */
  async #readAlarm(): Promise<void> {
    try {
      const alarmAtMs = await this.#storage.getAlarm();
      if (!this.#isAlarmKnown) this.#alarmAtMs = alarmAtMs ?? undefined;
    } catch (error) {
      this.#report("alarm: could not be read", error);
    }
    this.#isAlarmKnown = true;
    this.#readingAlarm = undefined;
  }

  #armTimer(): void {
    const dueMs: number[] = [];
    for (const { byAlarm, dueAtMs, running } of this.#tasks.entries) {
      if (byAlarm !== true && dueAtMs !== undefined && running === undefined) dueMs.push(dueAtMs);
    }
    if (this.#retryAtMs !== undefined) dueMs.push(this.#retryAtMs);
    const earliestMs = Math.min(...dueMs);
    if (earliestMs === Number.POSITIVE_INFINITY) return;
    const tickAtMs = this.#tickAtMs ?? -1;
    // A timer that should have run before is lost.
    if (tickAtMs >= this.#clock.nowMs() && tickAtMs <= earliestMs) return;
    this.#tickAtMs = earliestMs;
    this.#timers.schedule(TICK, earliestMs);
  }

  #alarmTargetMs(): number | undefined {
    const nowMs = this.#clock.nowMs();
    // Due tasks could not run, so the next try is delayed.
    if (this.#handlerFailures > 0) return nowMs + retryMs(this.#handlerFailures);
    const { entries, unclaimed, isDamaged, isLoaded } = this.#tasks;
    const times = [...unclaimed.values()];
    for (const { byAlarm, dueAtMs } of entries) {
      if (dueAtMs !== undefined && byAlarm !== false) times.push(byAlarm ? dueAtMs : dueAtMs + NET_MS);
    }
    if (!isLoaded) times.push(nowMs + FIRST_RETRY_MS);
    if (isDamaged) times.push(nowMs);
    if (times.length === 0) return undefined;
    return Math.min(Math.min(...times) + this.#extraDelayMs, nowMs + MAX_AHEAD_MS);
  }

  #report(message: string, error: unknown): void {
    const code = error instanceof Error ? error.name : typeof error;
    this.#logger.log("warn", message, { code });
  }
}

function retryMs(failures: number): number {
  return Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
}
