import { LimitError } from "../../errors/mod.ts";

/**
 * Limit of waiting operations. Beyond it the database is stuck, and waiting operations would exhaust memory.
 */
const MAX_WAITING = 16_384;

/** Runs asynchronous operations one at a time, in the order of the calls. */
export class SerialQueue {
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** Whether no operation runs or waits. */
  get isIdle(): boolean {
    return this.#waiting === 0;
  }

  /** Runs `operation` after every earlier one has settled. @throws {LimitError} When too many are waiting. */
  async run<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#waiting >= MAX_WAITING) {
      throw new LimitError(`database queue: ${MAX_WAITING} operations are waiting`);
    }
    this.#waiting += 1;
    const turn = this.#tail;
    let done: () => void = () => {};
    this.#tail = new Promise((resolve) => {
      done = resolve;
    });
    await turn;
    try {
      return await operation();
    } finally {
      this.#waiting -= 1;
      done();
    }
  }
}
