import type { ScheduledTask, Scheduler, TaskOptions } from "../ports/mod.ts";

/** A scheduler whose due times can be listed: one for each account, over the scheduler of all. */
export class ListedScheduler implements Scheduler {
  readonly #scheduler: Scheduler;
  readonly #dueAtMs = new Map<string, number>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** What is scheduled, by the names of tasks, the next one first. */
  get scheduled(): readonly (readonly [name: string, dueAtMs: number])[] {
    return [...this.#dueAtMs].sort(([, a], [, b]) => a - b);
  }

  register(name: string, task: ScheduledTask, options?: TaskOptions): () => void {
    const run = (): Promise<void> => {
      this.#dueAtMs.delete(name);
      return task();
    };
    const unregister = this.#scheduler.register(name, run, options);
    return () => {
      this.#dueAtMs.delete(name);
      unregister();
    };
  }

  schedule(name: string, dueAtMs: number): void {
    this.#scheduler.schedule(name, dueAtMs);
    this.#dueAtMs.set(name, dueAtMs);
  }

  cancel(name: string): void {
    this.#scheduler.cancel(name);
    this.#dueAtMs.delete(name);
  }
}
