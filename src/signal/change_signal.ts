import type { Clock } from "../ports/mod.ts";
import type { Urgency } from "../write_behind/mod.ts";

/** Changes at shorter intervals are notified in larger batches. */
const OFTEN_MS = 100;

/** Changes at longer intervals are notified one by one. */
const SELDOM_MS = 1_000;

/** Maximum number of repeated changes per notification. */
const MAX_HANDFUL = 64;

/**
 * Notifies the engine of changes. The engine must know at once when an entry becomes dirty or more urgent.
 * Repeated changes of dirty entries only need to show that the account is not idle. Reading the clock takes
 * longer than a put, so the more frequent such changes are, the fewer are notified.
 *
 * When changes suddenly become rare, the engine may detect one pause too many and flush early.
 */
export class ChangeSignal {
  readonly #clock: Clock;
  readonly #notify: (urgency: Urgency) => void;
  #toldAtMs = 0;
  #untold = 0;
  #handful = 1;

  constructor(clock: Clock, notify: (urgency: Urgency) => void) {
    this.#clock = clock;
    this.#notify = notify;
  }

  /** An entry became dirty or more urgent. */
  turned(urgency: Urgency): void {
    this.#untold = 0;
    this.#notify(urgency);
  }

  /** A dirty entry changed again. Returns whether the engine was notified. */
  repeated(): boolean {
    this.#untold += 1;
    if (this.#untold < this.#handful) return false;
    this.#untold = 0;
    const nowMs = this.#clock.nowMs();
    const passedMs = nowMs - this.#toldAtMs;
    this.#toldAtMs = nowMs;
    if (passedMs > SELDOM_MS) this.#handful = 1;
    else if (passedMs < OFTEN_MS) this.#handful = Math.min(MAX_HANDFUL, this.#handful * 2);
    // `turned` has notified of a higher urgency.
    this.#notify("may");
    return true;
  }
}
