import type { ScheduledTask, Scheduler } from "./scheduler.ts";

/** The names of a scheduler's tasks. A subclass decides what a task is, and when it runs. */
export abstract class NamedTasks<Task> implements Scheduler {
  readonly #tasks = new Map<string, Task>();

  register(name: string, task: ScheduledTask): () => void {
    if (this.#tasks.has(name)) throw new TypeError(`register task: name ${JSON.stringify(name)} is taken`);
    // A name that was concatenated is a tree of its pieces until it is read.
    name.charCodeAt(0);
    const entry = this.taskOf(task);
    this.#tasks.set(name, entry);
    return () => {
      if (this.#tasks.get(name) !== entry) return;
      this.cancel(name);
      this.#tasks.delete(name);
    };
  }

  schedule(name: string, dueAtMs: number): void {
    const entry = this.#tasks.get(name);
    if (entry === undefined)
      throw new TypeError(`schedule task: name ${JSON.stringify(name)} is not registered`);
    this.plan(entry, dueAtMs);
  }

  cancel(name: string): void {
    const entry = this.#tasks.get(name);
    if (entry !== undefined) this.plan(entry, undefined);
  }

  protected abstract taskOf(run: ScheduledTask): Task;

  /** Sets the due time of a task, or removes it. */
  protected abstract plan(task: Task, dueAtMs: number | undefined): void;
}
