/** Turns of the queue after which what has arrived has been read. */
const TURNS_TO_READ = 3;

/**
 * What connects processes with a service. Requests are carried out one after the other, in the order in which
 * they were sent, and each answer arrives before the next request does: what overtakes what is for the run to
 * decide, not for the load of the machine.
 */
export class Network {
  readonly #waiting: (() => Promise<void>)[] = [];
  #arrivals: (() => void)[] = [];
  #running: Promise<void> | undefined;

  /** Sends something, and resolves when its answer arrives. */
  send<Answer>(carryOut: () => Promise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => carryOut().then(resolve, reject));
      this.#running ??= this.#run();
    });
  }

  /** Resolves when the next answer has arrived, or at once when nothing is under way. */
  async arrive(): Promise<void> {
    if (this.#running === undefined) return;
    await new Promise<void>((resolve) => this.#arrivals.push(resolve));
  }

  /** Resolves when nothing is under way, and nothing follows from what has arrived. */
  async idle(): Promise<void> {
    for (let quiet = 0; quiet < TURNS_TO_READ; quiet += 1) {
      if (this.#running !== undefined) quiet = 0;
      await this.#running;
      await turn();
    }
  }

  async #run(): Promise<void> {
    await turn();
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      await next();
      this.#tellOfArrival();
      await turn();
    }
    this.#running = undefined;
    this.#tellOfArrival();
  }

  #tellOfArrival(): void {
    const arrivals = this.#arrivals;
    this.#arrivals = [];
    for (const arrived of arrivals) arrived();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
