/**
 * What a named task does when it is due. It must be idempotent: a scheduler may run it more than once for one
 * due time.
 */
export type ScheduledTask = () => Promise<void>;

/** How the due times of a task are kept. */
export interface TaskOptions {
  /**
   * Whether its due time is to outlive this process where the scheduler can store it: for what must be done
   * some day, not for what only concerns state in memory.
   */
  readonly stored?: boolean | undefined;
}

/**
 * Runs named tasks at due times. Tasks are named, not closures, because a name and a due time can be stored
 * and carried by the one alarm of a Durable Object.
 *
 * - `register` once at start, before any `schedule` of that name.
 * - One due time per name: `schedule` replaces the earlier one, whether it was sooner or later.
 * - A task that is running can be scheduled again; it then runs once more afterwards, never twice at the same
 *   time.
 * - A task that rejects is not repeated by the scheduler; the owner of the task schedules it again.
 */
export interface Scheduler {
  /**
   * Binds a name to its task. Registering a taken name throws `TypeError`. Returns a function that unbinds
   * and cancels it.
   */
  register(name: string, task: ScheduledTask, options?: TaskOptions): () => void;
  /**
   * Sets the due time of a registered name. A time in the past is due at once. An unknown name throws
   * `TypeError`.
   */
  schedule(name: string, dueAtMs: number): void;
  /** Forgets the due time, if there is one. A run that has begun goes on. */
  cancel(name: string): void;
  /**
   * When a registered task is due, `undefined` when it is not scheduled. A scheduler that stores due times
   * knows those of an earlier process as soon as the task is registered; one that does not may leave the
   * method out.
   */
  dueAtMs?(name: string): number | undefined;
}
