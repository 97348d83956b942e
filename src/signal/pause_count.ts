import type { Clock } from "../ports/mod.ts";
import type { Pauses } from "./counter_lease.ts";

/** Time without a change that is a pause, in milliseconds: that after which the engine, by default, takes an account for idle. */
const PAUSE_MS = 8_000;

/**
 * Counts pauses without a timer: a pause is noticed when it is over. Of changes of what is dirty already
 * it is told as rarely as the engine (`ChangeSignal`), so a pause may be counted once where changes only became rare.
 */
export class PauseCount implements Pauses {
  readonly #clock: Clock;
  #count = 0;
  #changedAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes a change, and says when it was. */
  changed(): number {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#changedAtMs >= PAUSE_MS) this.#count += 1;
    this.#changedAtMs = nowMs;
    return nowMs;
  }

  count(): number {
    this.changed();
    return this.#count;
  }
}
