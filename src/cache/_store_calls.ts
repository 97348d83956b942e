import { BackendError, BusyError, ClosedError, LimitError } from "../errors/mod.ts";
import type { Clock, Scheduler } from "../ports/mod.ts";

/**
 * Maximum number of unanswered calls to a store, including those past their deadline. Each may hold a value's
 * bytes.
 */
const MAX_UNANSWERED = 1_024;

/**
 * How long calls fail at once after a missed deadline, in milliseconds, so that not every caller waits for
 * the deadline.
 */
const REST_MS = 5_000;

/** Options of a {@link StoreCalls}. */
export interface StoreCallsOptions {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly taskName: string;
  readonly deadlineMs: number;
}

interface Waiting {
  readonly dueAtMs: number;
  readonly reject: (error: unknown) => void;
}

/**
 * Calls to a store that may never answer. Each call rejects at its deadline; a later answer is ignored. After
 * a missed deadline, calls fail at once for a rest period.
 *
 * One scheduled task serves all calls. It is not cancelled when answers arrive, so it costs one due time per
 * deadline, not one per call.
 */
export class StoreCalls {
  readonly #options: StoreCallsOptions;
  readonly #unregister: () => void;
  /** In the order of their deadlines: every call has the same time limit. */
  readonly #waiting = new Set<Waiting>();
  #unanswered = 0;
  #restsUntilMs = Number.NEGATIVE_INFINITY;
  #armed = false;
  #closed = false;

  constructor(options: StoreCallsOptions) {
    this.#options = options;
    this.#unregister = options.scheduler.register(options.taskName, async () => this.#expire());
  }

  /**
   * Makes a call.
   *
   * @throws {BackendError} When the call misses its deadline. It may still take effect.
   * @throws {BusyError | LimitError | ClosedError} During a rest period, when too many calls are unanswered,
   *   or when the cache is closed. The call was not made.
   */
  run<T>(call: () => Promise<T>): Promise<T> {
    const { clock, deadlineMs } = this.#options;
    const nowMs = clock.nowMs();
    const restMs = this.#restsUntilMs - nowMs;
    if (this.#closed) return Promise.reject(new ClosedError("call cache store: the cache is closed"));
    if (restMs > 0 && restMs <= REST_MS)
      return Promise.reject(new BusyError("call cache store: paused after a missed deadline"));
    if (this.#unanswered >= MAX_UNANSWERED)
      return Promise.reject(new LimitError(`call cache store: ${MAX_UNANSWERED} calls are unanswered`));
    return new Promise<T>((resolve, reject) => {
      const waiting: Waiting = { dueAtMs: nowMs + deadlineMs, reject };
      this.#waiting.add(waiting);
      this.#unanswered += 1;
      const answered = () => {
        this.#unanswered -= 1;
        this.#waiting.delete(waiting);
      };
      this.#arm();
      try {
        call().then(
          (result) => {
            answered();
            resolve(result);
          },
          (error: unknown) => {
            answered();
            reject(error);
          },
        );
      } catch (error) {
        answered();
        reject(error);
      }
    });
  }

  /** Rejects waiting calls and makes no further calls. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unregister();
    for (const waiting of this.#waiting)
      waiting.reject(new ClosedError("call cache store: the cache is closed"));
    this.#waiting.clear();
  }

  #arm(): void {
    const [first] = this.#waiting;
    if (this.#armed || this.#closed || first === undefined) return;
    this.#armed = true;
    this.#options.scheduler.schedule(this.#options.taskName, first.dueAtMs);
  }

  #expire(): void {
    this.#armed = false;
    const { clock, deadlineMs } = this.#options;
    const nowMs = clock.nowMs();
    for (const waiting of this.#waiting) {
      if (waiting.dueAtMs > nowMs) break;
      this.#waiting.delete(waiting);
      this.#restsUntilMs = nowMs + REST_MS;
      waiting.reject(new BackendError(`call cache store: no answer within ${deadlineMs} ms`));
    }
    this.#arm();
  }
}
