import { BusyError } from "../../errors/mod.ts";
import { type Clock, type Logger, type Scheduler, systemClock, TimerScheduler } from "../../ports/mod.ts";

/**
 * Maximum number of tries. With the waits between them and SQLite's own waits, this takes about five seconds.
 */
const MAX_TRIES = 24;

/**
 * Waits between tries double from the first to the last of these, in milliseconds. They do not block the
 * event loop.
 */
const FIRST_WAIT_MS = 5;
const LAST_WAIT_MS = 160;

/** Timers of a `BusyRetry`. Defaults to the host's timers. */
export interface BusyRetryOptions {
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly scheduler?: Scheduler;
}

/** Retries operations while another writer holds the database. */
export class BusyRetry {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  #waits = 0;

  constructor(options: BusyRetryOptions) {
    this.#logger = options.logger;
    this.#clock = options.clock ?? systemClock;
    this.#scheduler = options.scheduler ?? new TimerScheduler(this.#clock);
  }

  /**
   * @param recover Called after each try that failed because of another writer, before the wait.
   * @throws {BusyError} When the database stays busy. Nothing was applied.
   */
  async run<T>(operation: () => Promise<T>, recover: () => Promise<void> = async () => {}): Promise<T> {
    let waitMs = FIRST_WAIT_MS;
    for (let tries = 1; ; tries += 1) {
      try {
        return await operation();
      } catch (error) {
        if (!(error instanceof BusyError)) throw error;
        await recover();
        if (tries === MAX_TRIES) throw error;
        this.#logger.log("debug", "database is busy, trying again", { tries, waitMs });
        await this.#wait(waitMs);
        waitMs = Math.min(2 * waitMs, LAST_WAIT_MS);
      }
    }
  }

  #wait(waitMs: number): Promise<void> {
    this.#waits += 1;
    const name = `sqlite busy wait ${this.#waits}`;
    return new Promise((resolve) => {
      const unregister = this.#scheduler.register(name, async () => {
        unregister();
        resolve();
      });
      this.#scheduler.schedule(name, this.#clock.nowMs() + waitMs);
    });
  }
}
