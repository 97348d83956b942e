/**
 * Calls a function at once, and then at most once in a time, the last call included: events may arrive far
 * more often than anybody can read.
 */
export class Throttle {
  readonly #run: () => void;
  readonly #everyMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isDue = false;

  constructor(run: () => void, everyMs: number) {
    this.#run = run;
    this.#everyMs = everyMs;
  }

  call(): void {
    this.#isDue = true;
    if (this.#timer === undefined) this.#step();
  }

  /** Drops a call that has not run yet. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isDue = false;
  }

  #step(): void {
    this.#timer = undefined;
    if (!this.#isDue) return;
    this.#isDue = false;
    this.#timer = setTimeout(() => this.#step(), this.#everyMs);
    this.#run();
  }
}
