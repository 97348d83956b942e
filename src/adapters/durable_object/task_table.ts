import { CorruptError } from "../../errors/mod.ts";
import type { Clock, Logger, ScheduledTask, TaskOptions } from "../../ports/mod.ts";
import type { ObjectStorageLike } from "./object_storage.ts";
import { type DueTimes, loadDueTimes, saveDueTimes } from "./stored_due_times.ts";

/** A registered task. */
export interface TaskEntry {
  readonly name: string;
  readonly task: ScheduledTask;
  readonly isStored: boolean;
  /** Whether the alarm alone or a timer alone runs it; `undefined` for a timer with the alarm as fallback. */
  readonly byAlarm: boolean | undefined;
  dueAtMs: number | undefined;
  /** The due time under which it stays stored while an alarm runs it. */
  heldAtMs: number | undefined;
  /** Whether it was planned or cancelled in this incarnation, which makes the stored due time irrelevant. */
  isPlanned: boolean;
  /** How often it was planned or cancelled. Shows whether it changed during a read. */
  plans: number;
  /** Number of consecutive rejections. */
  failures: number;
  running: Promise<void> | undefined;
}

/**
 * The tasks of an object: the registered ones, and stored due times without a registered task. Never writes
 * due times before it has read the stored ones.
 */
export class TaskTable {
  readonly #storage: ObjectStorageLike;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #entries = new Map<string, TaskEntry>();
  readonly #unclaimed = new Map<string, number>();
  /** The stored due times, to detect changes. `undefined` when they must be replaced in any case. */
  #storedJson: string | undefined;
  #isLoaded = false;
  #isDamaged = false;

  constructor(storage: ObjectStorageLike, clock: Clock, logger: Logger) {
    this.#storage = storage;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Whether the stored due times were read, damaged or not. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Whether the stored due times are damaged, so that registered tasks must be planned again. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** The registered tasks. */
  get entries(): Iterable<TaskEntry> {
    return this.#entries.values();
  }

  /** Due times of unregistered tasks, by name. */
  get unclaimed(): DueTimes {
    return this.#unclaimed;
  }

  get(name: string): TaskEntry | undefined {
    return this.#entries.get(name);
  }

  /**
   * Adds a task with the due time that an earlier incarnation stored. @throws {TypeError} When the name is
   * taken.
   */
  add(name: string, task: ScheduledTask, { stored, alarm }: TaskOptions): TaskEntry {
    const isStored = stored === true;
    if (this.#entries.has(name)) throw new TypeError(`register task: name ${JSON.stringify(name)} is taken`);
    const dueAtMs = isStored ? this.#unclaimed.get(name) : undefined;
    if (isStored) this.#unclaimed.delete(name);
    const entry: TaskEntry = {
      ...{ name, task, isStored, dueAtMs, byAlarm: isStored || alarm },
      ...{ heldAtMs: undefined, isPlanned: false, plans: 0, failures: 0, running: undefined },
    };
    this.#entries.set(name, entry);
    return entry;
  }

  /** Removes a task and its due time. @returns Whether it existed. */
  remove(entry: TaskEntry): boolean {
    if (this.#entries.get(entry.name) !== entry) return false;
    this.#entries.delete(entry.name);
    plan(entry, undefined);
    return true;
  }

  /** The tasks that are due, stored or not. */
  due(): TaskEntry[] {
    const nowMs = this.#clock.nowMs();
    return [...this.#entries.values()].filter(({ dueAtMs }) => dueAtMs !== undefined && dueAtMs <= nowMs);
  }

  /** Names of unregistered tasks that are due. */
  unclaimedDue(): string[] {
    const nowMs = this.#clock.nowMs();
    return [...this.#unclaimed].flatMap(([name, dueAtMs]) => (dueAtMs <= nowMs ? [name] : []));
  }

  /**
   * Drops due tasks that are still not registered, such as those of an older release, and damaged due times.
   */
  forgetUnclaimed(): void {
    this.#isDamaged = false;
    for (const task of this.unclaimedDue()) {
      this.#logger.log("warn", "alarm: unknown task", { task });
      this.#unclaimed.delete(task);
    }
  }

  /**
   * Reads the stored due times once. Keeps changes that were made during the read.
   *
   * @throws Errors of the platform; nothing was loaded then. Damaged due times are not an error; see
   *   `isDamaged`.
   */
  load(): void {
    if (this.#isLoaded) return;
    const dueTimes = this.#read();
    this.#isLoaded = true;
    for (const [name, dueAtMs] of dueTimes) {
      const entry = this.#entries.get(name);
      if (entry === undefined) this.#unclaimed.set(name, dueAtMs);
      else if (entry.isStored && !entry.isPlanned) entry.dueAtMs = dueAtMs;
    }
  }

  /** Stores the due times, if they have changed. @throws Errors of the platform. */
  save(): void {
    this.load();
    const dueTimes = new Map(this.#unclaimed);
    for (const { name, isStored, dueAtMs, heldAtMs } of this.#entries.values()) {
      const atMs = heldAtMs ?? dueAtMs;
      if (isStored && atMs !== undefined) dueTimes.set(name, atMs);
    }
    const json = jsonOf(dueTimes);
    // Damaged due times stay stored until tasks are planned again, so that the next incarnation notices them.
    if (json === this.#storedJson || (this.#isDamaged && dueTimes.size === 0)) return;
    saveDueTimes(this.#storage, dueTimes);
    this.#storedJson = json;
  }

  /** Makes the next `load` read again. */
  unload(): void {
    this.#isLoaded = false;
  }

  /** Drops all due times, planned and stored. */
  reset(): void {
    for (const entry of this.#entries.values()) {
      plan(entry, undefined);
      entry.isPlanned = false;
    }
    this.#unclaimed.clear();
    this.#storedJson = jsonOf(new Map());
    this.#isLoaded = true;
    this.#isDamaged = false;
  }

  #read(): DueTimes {
    try {
      const dueTimes = loadDueTimes(this.#storage);
      this.#storedJson = jsonOf(dueTimes);
      return dueTimes;
    } catch (error) {
      if (!(error instanceof CorruptError)) throw error;
      this.#logger.log("warn", "alarm: stored due times are damaged");
      this.#storedJson = undefined;
      this.#isDamaged = true;
      return new Map();
    }
  }
}

/** Sets when a task is due. */
export function plan(entry: TaskEntry, dueAtMs: number | undefined): void {
  entry.dueAtMs = dueAtMs;
  if (dueAtMs === undefined) entry.heldAtMs = undefined;
  entry.isPlanned = true;
  entry.plans += 1;
}

/** Returns the same text for the same due times, in any order of planning. */
function jsonOf(dueTimes: DueTimes): string {
  return JSON.stringify([...dueTimes].sort(([a], [b]) => (a < b ? -1 : 1)));
}
