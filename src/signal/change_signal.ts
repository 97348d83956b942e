import type { Clock } from "../ports/mod.ts";
import type { Urgency } from "../write_behind/mod.ts";

/** Changes that come closer together than this are told in bigger handfuls. */
const OFTEN_MS = 100;

/** Changes that come further apart than this are told one by one again. */
const SELDOM_MS = 1_000;

/** Most repeated changes that are told as one. */
const MAX_HANDFUL = 64;

/**
 * Tells the engine of changes. It must know at once when something becomes dirty or more urgent; of further
 * changes of what is dirty already it only has to know that they go on, so that it does not take the account
 * for idle. Reading the clock costs more than a put, so the faster such changes come, the fewer of them are
 * told.
 *
 * When changes become rare all of a sudden, the engine may believe in a pause once, and flush early.
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

  /** Something became dirty, or more urgent. */
  turned(urgency: Urgency): void {
    this.#untold = 0;
    this.#notify(urgency);
  }

  /** Something that is dirty changed again. Answers with whether that was told, with those before it. */
  repeated(): boolean {
    this.#untold += 1;
    if (this.#untold < this.#handful) return false;
    this.#untold = 0;
    const nowMs = this.#clock.nowMs();
    const passedMs = nowMs - this.#toldAtMs;
    this.#toldAtMs = nowMs;
    if (passedMs > SELDOM_MS) this.#handful = 1;
    else if (passedMs < OFTEN_MS) this.#handful = Math.min(MAX_HANDFUL, this.#handful * 2);
    // What is urgent has been told as such when it became so.
    this.#notify("may");
    return true;
  }
}
