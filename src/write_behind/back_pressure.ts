import { LimitError } from "../errors/mod.ts";
import type { Clock, Listener, Notifier, Scheduler } from "../ports/mod.ts";

/** Writers that may wait at once. More of them would be a leak of their own. */
const MAX_WAITING_WRITERS = 10_000;

/** What back-pressure depends on. */
export interface BackPressureOptions {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly createNotifier: () => Notifier;
  /** Name of the task that ends waits that took too long. */
  readonly taskName: string;
  readonly maxWaitMs: number;
  /** How many more items may become dirty; 0 or less when there is no room. */
  readonly room: () => number;
  /** Called when writers wait and a flush would make room, repeatedly. */
  readonly onFull: () => void;
}

interface Waiter {
  readonly listener: Listener;
  readonly deadlineMs: number;
  readonly reject: (error: Error) => void;
}

/**
 * Makes writers wait while too much is dirty. Writers are let in, in the order in which they asked, as room
 * is made. A writer that was let in is expected to make one item dirty before it yields.
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

  /** Writers that wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Resolves at once while there is room, else when there is some again.
   *
   * @throws {LimitError} When there was none within the longest wait, or too many writers wait already.
   */
  async ready(): Promise<void> {
    if (this.#waiters.size === 0 && this.#options.room() > 0) return;
    if (this.#waiters.size >= MAX_WAITING_WRITERS) {
      throw new LimitError(`wait for room: ${MAX_WAITING_WRITERS} writers are waiting already`);
    }
    await this.#wait();
  }

  /** A flush is over: lets in as many waiting writers as there is room for. */
  wake(): void {
    const room = this.#options.room();
    if (room > 0) this.#room.notify(room);
  }

  /** Called when something became dirty: the admitted writers have written, so the others need room again. */
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

  /** All waits are equally long, so the oldest waiter's is the next to end. */
  #armExpiry(): void {
    const [oldest] = this.#waiters;
    if (oldest !== undefined) this.#options.scheduler.schedule(this.#options.taskName, oldest.deadlineMs);
  }

  #expire(): void {
    const now = this.#options.clock.nowMs();
    for (const waiter of [...this.#waiters]) {
      if (waiter.deadlineMs > now) break;
      this.#waiters.delete(waiter);
      waiter.reject(new LimitError(`wait for room: too much is dirty since ${this.#options.maxWaitMs} ms`));
    }
    this.#armExpiry();
  }
}
