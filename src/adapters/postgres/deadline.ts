import { type Clock, defaultScheduler, type Scheduler, systemClock } from "../../ports/mod.ts";

/** Default of `PostgresBackendOptions.timeoutMs`: no statement of the backend takes as long. */
export const ANSWER_MS = 60_000;

/** The limit of each wait for a server. Its timers default to those of the host. */
export class Deadline {
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  #waits = 0;

  constructor(timeoutMs: number = ANSWER_MS, clock: Clock = systemClock, scheduler?: Scheduler) {
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#scheduler = scheduler ?? defaultScheduler(clock);
  }

  /** Awaits work. Rejects with the code `ETIMEDOUT` when it is late; what it comes to then is ignored. */
  run<T>(work: Promise<T>): Promise<T> {
    this.#waits += 1;
    const name = `postgres answer ${this.#waits}`;
    return new Promise((resolve, reject) => {
      const unregister = this.#scheduler.register(name, async () => {
        unregister();
        reject(Object.assign(new Error("no answer in time"), { code: "ETIMEDOUT" }));
      });
      this.#scheduler.schedule(name, this.#clock.nowMs() + this.#timeoutMs);
      const settled =
        <A>(settle: (value: A) => void) =>
        (value: A): void => {
          unregister();
          settle(value);
        };
      work.then(settled(resolve), settled(reject));
    });
  }
}
