import { NamedTasks } from "./named_tasks.ts";
import type { ScheduledTask } from "./scheduler.ts";
import type { QueuedTimer, TimerQueue } from "./timer_queue.ts";

/** A `Scheduler` whose due times are in a queue that others share. Names are its own. */
export class QueueScheduler extends NamedTasks<QueuedTask> {
  readonly #queue: TimerQueue;

  constructor(queue: TimerQueue) {
    super();
    this.#queue = queue;
  }

  protected override taskOf(run: ScheduledTask): QueuedTask {
    return new QueuedTask(this.#queue, run);
  }

  protected override plan(task: QueuedTask, dueAtMs: number | undefined): void {
    task.plan(dueAtMs);
  }
}

/** A task and its due time. */
class QueuedTask implements QueuedTimer {
  dueAtMs = 0;
  place = -1;
  readonly #queue: TimerQueue;
  readonly #task: ScheduledTask;
  #isRunning = false;
  /** The due time that was set during a run. */
  #nextAtMs: number | undefined;

  constructor(queue: TimerQueue, task: ScheduledTask) {
    this.#queue = queue;
    this.#task = task;
  }

  plan(dueAtMs: number | undefined): void {
    if (this.#isRunning) this.#nextAtMs = dueAtMs;
    else if (dueAtMs === undefined) this.#queue.delete(this);
    else this.#queue.set(this, dueAtMs);
  }

  fire(): void {
    void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      await this.#task();
    } catch {
      // Tasks report their own errors: see the contract of `Scheduler`.
    } finally {
      this.#isRunning = false;
      if (this.#nextAtMs !== undefined) this.#queue.set(this, this.#nextAtMs);
      this.#nextAtMs = undefined;
    }
  }
}
