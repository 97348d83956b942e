/** What a named task does when it is due. It must be idempotent: a scheduler may run it more than once for one due time. */
export type ScheduledTask = () => Promise<void>;

/**
 * Runs named tasks at due times. Tasks are named, not closures, because a name and a due time can be stored and
 * carried by the one alarm of a Durable Object.
 *
 * - `register` once at start, before any `schedule` of that name.
 * - One due time per name: `schedule` replaces the earlier one, whether it was sooner or later.
 * - A task that is running can be scheduled again; it then runs once more afterwards, never twice at the same time.
 * - A task that rejects is not repeated by the scheduler; whoever owns the task schedules it again.
 */
export interface Scheduler {
  /** Binds a name to its task. Registering a taken name throws `TypeError`. Returns a function that unbinds and cancels it. */
  register(name: string, task: ScheduledTask): () => void;
  /** Sets the due time of a registered name. A time in the past is due at once. An unknown name throws `TypeError`. */
  schedule(name: string, dueAtMs: number): void;
  /** Forgets the due time, if there is one. A run that has begun goes on. */
  cancel(name: string): void;
}
