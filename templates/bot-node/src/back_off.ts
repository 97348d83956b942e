const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

/** Pauses between attempts to connect: each twice as long as the last, up to a minute, and never the same. */
export class BackOff {
  #nextMs = FIRST_MS;

  /** Begins anew after a success. */
  reset(): void {
    this.#nextMs = FIRST_MS;
  }

  /** The next pause, in milliseconds. */
  next(): number {
    const pauseMs = this.#nextMs;
    this.#nextMs = Math.min(pauseMs * 2, LONGEST_MS);
    // Bots that lost their connections together do not come back together.
    return pauseMs * (0.5 + Math.random() / 2);
  }
}
