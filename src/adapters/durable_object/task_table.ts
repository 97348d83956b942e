import { CorruptError } from "../../errors/mod.ts";
import type { Clock, Logger, ScheduledTask } from "../../ports/mod.ts";
import type { ObjectStorageLike } from "./object_storage.ts";
import { type DueTimes, loadDueTimes, saveDueTimes } from "./stored_due_times.ts";

/** A registered task. */
export interface TaskEntry {
  readonly name: string;
  readonly task: ScheduledTask;
  readonly isStored: boolean;
  dueAtMs: number | undefined;
  /** What it is stored under while an alarm runs it. */
  heldAtMs: number | undefined;
  /** Whether it was planned or cancelled in this incarnation: then what is stored does not matter. */
  isPlanned: boolean;
  /** How often it was planned or cancelled. Tells whether it changed during a read. */
  plans: number;
  /** How often it has rejected in a row. */
  failures: number;
  running: Promise<void> | undefined;
}

/**
 * The tasks of an object: those that are registered, and the stored due times of those that are not yet.
 * Nothing is stored before what is stored was read.
 */
export class TaskTable {
  readonly #storage: ObjectStorageLike;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #entries = new Map<string, TaskEntry>();
  readonly #unclaimed = new Map<string, number>();
  /**
   * What is stored, to tell whether anything has changed; `undefined` when it has to be replaced whatever it
   * is.
   */
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

  /** Whether what was stored could not be understood: registered tasks have to be planned anew. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** The registered tasks. */
  get entries(): Iterable<TaskEntry> {
    return this.#entries.values();
  }

  /** Due times of tasks that are not registered yet, by their names. */
  get unclaimed(): DueTimes {
    return this.#unclaimed;
  }

  get(name: string): TaskEntry | undefined {
    return this.#entries.get(name);
  }

  /**
   * A task with the due time that an earlier incarnation has stored. @throws {TypeError} When the name is
   * taken.
   */
  add(name: string, task: ScheduledTask, isStored: boolean): TaskEntry {
    if (this.#entries.has(name)) throw new TypeError(`register task: name ${JSON.stringify(name)} is taken`);
    const dueAtMs = isStored ? this.#unclaimed.get(name) : undefined;
    if (isStored) this.#unclaimed.delete(name);
    const entry: TaskEntry = {
      ...{ name, task, isStored, dueAtMs },
      ...{ heldAtMs: undefined, isPlanned: false, plans: 0, failures: 0, running: undefined },
    };
    this.#entries.set(name, entry);
    return entry;
  }

  /** Removes a task and its due time. @returns Whether it was there. */
  remove(entry: TaskEntry): boolean {
    if (this.#entries.get(entry.name) !== entry) return false;
    this.#entries.delete(entry.name);
    plan(entry, undefined);
    return true;
  }

  /** What is due, stored or not. */
  due(): TaskEntry[] {
    const nowMs = this.#clock.nowMs();
    return [...this.#entries.values()].filter(({ dueAtMs }) => dueAtMs !== undefined && dueAtMs <= nowMs);
  }

  /** Names that are due and not registered. */
  unclaimedDue(): string[] {
    const nowMs = this.#clock.nowMs();
    return [...this.#unclaimed].flatMap(([name, dueAtMs]) => (dueAtMs <= nowMs ? [name] : []));
  }

  /**
   * Gives up tasks that are due and still not registered (those of an older release), and what was damaged.
   */
  forgetUnclaimed(): void {
    this.#isDamaged = false;
    for (const task of this.unclaimedDue()) {
      this.#logger.log("warn", "alarm: unknown task", { task });
      this.#unclaimed.delete(task);
    }
  }

  /**
   * Reads the stored due times, if they were not yet. What was planned or cancelled during the read stays so.
   *
   * @throws What the platform throws: nothing is known then. What is damaged is no error, see `isDamaged`.
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

  /** Stores the due times, if they have changed. @throws What the platform throws. */
  save(): void {
    this.load();
    const dueTimes = new Map(this.#unclaimed);
    for (const { name, isStored, dueAtMs, heldAtMs } of this.#entries.values()) {
      const atMs = heldAtMs ?? dueAtMs;
      if (isStored && atMs !== undefined) dueTimes.set(name, atMs);
    }
    const json = jsonOf(dueTimes);
    // What is damaged tells the next incarnation that there was something, until it is planned anew.
    if (json === this.#storedJson || (this.#isDamaged && dueTimes.size === 0)) return;
    saveDueTimes(this.#storage, dueTimes);
    this.#storedJson = json;
  }

  /** What was read has to be read again. */
  unload(): void {
    this.#isLoaded = false;
  }

  /** Nothing is planned, and nothing stored any more. */
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

/** The same text for the same due times, whatever order they were planned in. */
function jsonOf(dueTimes: DueTimes): string {
  return JSON.stringify([...dueTimes].sort(([a], [b]) => (a < b ? -1 : 1)));
}
