import type { Clock } from "../ports/mod.ts";
import type { Pauses } from "./counter_lease.ts";

/**
 * Counts pauses without a timer: a pause is noticed when it is over. Of changes of what is dirty already it
 * is told as rarely as the engine (`ChangeSignal`), so a pause may be counted once where changes only became
 * rare.
 */
export class PauseCount implements Pauses {
  readonly #clock: Clock;
  readonly #pauseMs: number;
  #count = 0;
  #changedAtMs = Number.NEGATIVE_INFINITY;

  /**
   * @param pauseMs Time without a change that is a pause: that after which the engine takes the account for
   * idle and releases the leases.
   */
  constructor(clock: Clock, pauseMs: number) {
    this.#clock = clock;
    this.#pauseMs = pauseMs;
  }

  /** Notes a change, and says when it was. */
  changed(): number {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#changedAtMs >= this.#pauseMs) this.#count += 1;
    this.#changedAtMs = nowMs;
    return nowMs;
  }

  count(): number {
    this.changed();
    return this.#count;
  }
}
