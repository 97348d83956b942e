import type { Pacer } from "../ports/mod.ts";

/** How long one piece of work may hold the event loop, in milliseconds. */
const TURN_MS = 10;

/**
 * Lets the long works of a process take turns of 10 ms. Not for Workers: there a timer belongs to one request,
 * and no other request may wait for it.
 */
export class Turns {
  /** Works that rest at the same time go on one after the other, each in a turn of its own. */
  #line: Promise<void> = Promise.resolve();

  /** Starts the pacer of one work. */
  start(): Pacer {
    let startedAtMs = Date.now();
    return {
      get isDue(): boolean {
        return Date.now() - startedAtMs >= TURN_MS;
      },
      rest: async () => {
        // Timers wait at least a millisecond. Immediates do not, where a host has them.
        const { setImmediate = setTimeout } = globalThis as { setImmediate?: (run: () => void) => unknown };
        this.#line = this.#line.then(() => new Promise<void>((resolve) => void setImmediate(resolve)));
        await this.#line;
        startedAtMs = Date.now();
      },
    };
  }
}
