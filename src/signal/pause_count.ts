import type { Clock } from "../ports/mod.ts";
import type { Pauses } from "./counter_lease.ts";

/**
 * Counts pauses without a timer: a pause is counted when it is over. Like the engine, it sees only some of
 * the changes of dirty entries (`ChangeSignal`), so it may count one pause when changes only become rare.
 */
export class PauseCount implements Pauses {
  readonly #clock: Clock;
  readonly #pauseMs: number;
  #count = 0;
  #changedAtMs = Number.NEGATIVE_INFINITY;

  /** @param pauseMs Length of a pause: the time without a change after which the engine releases leases. */
  constructor(clock: Clock, pauseMs: number) {
    this.#clock = clock;
    this.#pauseMs = pauseMs;
  }

  /** Records a change and returns its time. */
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
