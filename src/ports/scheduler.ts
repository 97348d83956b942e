/**
 * A named task, called when it is due. It must be idempotent: a scheduler may call it more than once for one
 * due time.
 */
export type ScheduledTask = () => Promise<void>;

/** Options of a task. */
export interface TaskOptions {
  /**
   * Whether the due time should survive a restart where the scheduler can store it. Set it for tasks that
   * must run eventually, not for tasks that concern only state in memory.
   */
  readonly stored?: boolean | undefined;
  /**
   * Where the scheduler has an alarm as well as timers: `true` leaves the task to the alarm alone, `false` to
   * a timer alone. By default a timer runs it, and the alarm is a fallback. The due time of a task that is
   * not `stored` is lost with the memory in any case.
   */
  readonly alarm?: boolean | undefined;
}

/**
 * Runs named tasks at due times. Tasks have names because a Durable Object stores names and due times for its
 * single alarm.
 *
 * - Call `register` once at start, before any `schedule` of that name.
 * - One due time per name: `schedule` replaces the earlier one, whether it was sooner or later.
 * - A running task can be scheduled again; it runs once more afterwards, never concurrently with itself.
 * - The scheduler does not repeat a task that rejects; the owner of the task schedules it again.
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
  /** Removes the due time, if there is one. A run that has begun continues. */
  cancel(name: string): void;
  /**
   * Due time of a registered task; `undefined` when it is not scheduled. A scheduler that stores due times
   * must return those of an earlier process once the task is registered. Other schedulers may omit the
   * method.
   */
  dueAtMs?(name: string): number | undefined;
}
