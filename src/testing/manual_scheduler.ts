import type { ScheduledTask, Scheduler } from "../ports/mod.ts";
import type { FakeClock } from "./fake_clock.ts";

/**
 * Limit of runs within one call of `advance` or `runDue`. Beyond it, a task keeps scheduling itself for the
 * current time.
 */
const MAX_RUNS_PER_CALL = 100_000;

/** Turns of the microtask queue in which woken code can schedule a task. */
const SETTLING_TURNS = 6;

interface Entry {
  readonly name: string;
  readonly task: ScheduledTask;
  dueAtMs: number | undefined;
  /** Position among all calls of `schedule`; orders tasks that are due at the same time. */
  order: number;
  running: boolean;
}

/** A task that rejected. */
export interface TaskFailure {
  /** Name of the task. */
  readonly name: string;
  /** What it rejected with. */
  readonly error: unknown;
}

/**
 * A `Scheduler` that runs due tasks on demand, one at a time, in order of due time and then of `schedule`
 * calls.
 *
 * Code that was woken earlier and only waits for promises continues before the clock moves.
 *
 * `advance` moves the clock to each due time in turn, so a task that schedules itself again runs as often as
 * in real time. It awaits every task. If a task waits for an event after `advance`, do not await that
 * `advance`.
 *
 * @example
 * ```ts
 * import { FakeClock, ManualScheduler } from "@holdfast/store/testing";
 *
 * const clock = new FakeClock();
 * const scheduler = new ManualScheduler(clock);
 * let runs = 0;
 * scheduler.register("tick", async () => {
 *   runs += 1;
 *   scheduler.schedule("tick", clock.nowMs() + 1_000);
 * });
 * scheduler.schedule("tick", clock.nowMs() + 1_000);
 * await scheduler.advance(3_500);
 * if (runs !== 3) throw new Error(`ran ${runs} times`);
 * ```
 */
export class ManualScheduler implements Scheduler {
  readonly #clock: FakeClock;
  readonly #entries = new Map<string, Entry>();
  readonly #failures: TaskFailure[] = [];
  #order = 0;

  /** Creates a scheduler that moves `clock`. */
  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** See `Scheduler`. @throws {TypeError} When the name is taken. */
  register(name: string, task: ScheduledTask): () => void {
    if (this.#entries.has(name)) throw new TypeError(`register task: name ${JSON.stringify(name)} is taken`);
    const entry: Entry = { name, task, dueAtMs: undefined, order: 0, running: false };
    this.#entries.set(name, entry);
    return () => {
      if (this.#entries.get(name) !== entry) return;
      entry.dueAtMs = undefined;
      this.#entries.delete(name);
    };
  }

  /** See `Scheduler`. @throws {TypeError} When the name is not registered. */
  schedule(name: string, dueAtMs: number): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      throw new TypeError(`schedule task: name ${JSON.stringify(name)} is not registered`);
    }
    entry.dueAtMs = dueAtMs;
    entry.order = this.#order;
    this.#order += 1;
  }

  /** See `Scheduler`. */
  cancel(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) entry.dueAtMs = undefined;
  }

  /** When a task is due, `undefined` when it is not scheduled. */
  dueAtMs(name: string): number | undefined {
    return this.#entries.get(name)?.dueAtMs;
  }

  /** Names that are scheduled, in the order in which they would run. */
  get scheduled(): readonly string[] {
    return [...this.#entries.values()]
      .filter((entry) => entry.dueAtMs !== undefined)
      .sort(byDueTime)
      .map((entry) => entry.name);
  }

  /** Tasks that rejected, in order. The scheduler only records them. */
  get failures(): readonly TaskFailure[] {
    return this.#failures;
  }

  /**
   * Moves the clock forward by `ms`, runs due tasks at each due time on the way, and returns the number of
   * runs. The clock ends at least `ms` later, also when a task moved it itself.
   *
   * @throws {RangeError} When `ms` is not a non-negative integer, or a task keeps scheduling itself for the
   *   current time.
   */
  async advance(ms: number): Promise<number> {
    if (!Number.isSafeInteger(ms) || ms < 0) {
      throw new RangeError(`advance scheduler: ${ms} is not a non-negative integer`);
    }
    const targetMs = this.#clock.nowMs() + ms;
    const runs = await this.#runUntil(targetMs);
    if (this.#clock.nowMs() < targetMs) this.#clock.set(targetMs);
    return runs;
  }

  /** Runs the tasks that are due now and returns the number of runs. */
  async runDue(): Promise<number> {
    return await this.#runUntil(this.#clock.nowMs());
  }

  async #runUntil(targetMs: number): Promise<number> {
    let runs = 0;
    for (;;) {
      const entry = this.#next(this.#clock.nowMs()) ?? (await this.#nextSettled(targetMs));
      if (entry === undefined) return runs;
      if (runs === MAX_RUNS_PER_CALL) {
        throw new RangeError(`run tasks: ${JSON.stringify(entry.name)} keeps scheduling itself`);
      }
      runs += 1;
      const dueAtMs = entry.dueAtMs ?? 0;
      if (this.#clock.nowMs() < dueAtMs) this.#clock.set(dueAtMs);
      await this.#run(entry);
    }
  }

  #next(targetMs: number): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.running || entry.dueAtMs === undefined || entry.dueAtMs > targetMs) continue;
      if (first === undefined || byDueTime(entry, first) < 0) first = entry;
    }
    return first;
  }

  /**
   * Returns the next task, after code that only waits for promises has continued: a notified saver may
   * schedule an earlier task.
   */
  async #nextSettled(targetMs: number): Promise<Entry | undefined> {
    for (let turn = 0; turn < SETTLING_TURNS; turn += 1) await Promise.resolve();
    return this.#next(targetMs);
  }

  async #run(entry: Entry): Promise<void> {
    entry.dueAtMs = undefined;
    entry.running = true;
    try {
      await entry.task();
    } catch (error) {
      this.#failures.push({ name: entry.name, error });
    } finally {
      entry.running = false;
    }
  }
}

function byDueTime(a: Entry, b: Entry): number {
  return (a.dueAtMs ?? 0) - (b.dueAtMs ?? 0) || a.order - b.order;
}
