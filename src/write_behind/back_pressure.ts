import { LimitError } from "../errors/mod.ts";
import type { Clock, Listener, Notifier, Scheduler } from "../ports/mod.ts";

/** Maximum number of waiting writers, to bound memory. */
const MAX_WAITING_WRITERS = 10_000;

/** Options of {@link BackPressure}. */
export interface BackPressureOptions {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly createNotifier: () => Notifier;
  /** Name of the task that ends waits at their deadline. */
  readonly taskName: string;
  readonly maxWaitMs: number;
  /** Number of further items that may become dirty; 0 or less when there is no room. */
  readonly room: () => number;
  /** Called, possibly repeatedly, when writers wait and a flush would make room. */
  readonly onFull: () => void;
}

interface Waiter {
  readonly listener: Listener;
  readonly deadlineMs: number;
  readonly reject: (error: Error) => void;
}

/**
 * Makes writers wait while too many items or bytes are dirty, and admits them in the order of their calls. An
 * admitted writer must make one item dirty before it yields.
 */
export class BackPressure {
  readonly #options: BackPressureOptions;
  readonly #room: Notifier;
  readonly #waiters = new Set<Waiter>();
  readonly #unregister: () => void;

  constructor(options: BackPressureOptions) {
    this.#options = options;
    this.#room = options.createNotifier();
    this.#unregister = options.scheduler.register(options.taskName, async () => this.#expire());
  }

  /** Number of waiting writers. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Resolves at once while there is room, else when a flush has made room.
   *
   * @throws {LimitError} When there is no room within `maxWaitMs`, or too many writers wait already.
   */
  async ready(): Promise<void> {
    if (this.#waiters.size === 0 && this.#options.room() > 0) return;
    if (this.#waiters.size >= MAX_WAITING_WRITERS) {
      throw new LimitError(`wait for room: ${MAX_WAITING_WRITERS} writers are waiting already`);
    }
    await this.#wait();
  }

  /** Called after a flush: admits as many waiting writers as there is room for. */
  wake(): void {
    const room = this.#options.room();
    if (room > 0) this.#room.notify(room);
  }

  /**
   * Called when an item became dirty: admitted writers have used the room, so waiting writers need a flush.
   */
  changed(): void {
    if (this.#room.listenerCount > 0) this.#options.onFull();
  }

  /** Ends every wait with an error. */
  rejectAll(error: Error): void {
    for (const waiter of [...this.#waiters]) waiter.reject(error);
  }

  /** Ends every wait with an error and unbinds the task. */
  close(error: Error): void {
    this.rejectAll(error);
    this.#unregister();
  }

  async #wait(): Promise<void> {
    const { clock, maxWaitMs } = this.#options;
    const listener = this.#room.listen();
    let reject: (error: Error) => void = () => {};
    const ended = new Promise<never>((_resolve, rejectEnded) => {
      reject = rejectEnded;
    });
    const waiter: Waiter = { listener, deadlineMs: clock.nowMs() + maxWaitMs, reject };
    this.#waiters.add(waiter);
    this.#armExpiry();
    this.#options.onFull();
    try {
      await Promise.race([listener.wait(), ended]);
    } finally {
      this.#waiters.delete(waiter);
      listener.drop();
    }
  }

  /** All waits have the same length, so the oldest waiter's deadline is next. */
  #armExpiry(): void {
    const [oldest] = this.#waiters;
    if (oldest !== undefined) this.#options.scheduler.schedule(this.#options.taskName, oldest.deadlineMs);
  }

  #expire(): void {
    const now = this.#options.clock.nowMs();
    for (const waiter of [...this.#waiters]) {
      if (waiter.deadlineMs > now) break;
      this.#waiters.delete(waiter);
      waiter.reject(new LimitError(`wait for room: no room within ${this.#options.maxWaitMs} ms`));
    }
    this.#armExpiry();
  }
}
