/**
 * Waits for conditions, which are checked after each event. A timeout is the fallback.
 * @module
 */

/** Default timeout of waits in tests. */
export const SAFETY_TIMEOUT_MS = 5_000;

/** Waits on one object's state. */
export class Waiters {
  readonly #looks = new Set<() => void>();
  readonly #describe: () => string;
  #end: { readonly cause: unknown } | undefined;

  /** `describe` returns the subject and its state for error messages. */
  constructor(describe: () => string) {
    this.#describe = describe;
  }

  /** Checks the conditions. Must be called after each change. */
  look(): void {
    for (const look of [...this.#looks]) look();
  }

  /** Ends all waits. Those whose condition does not hold reject with this cause. */
  end(cause?: unknown): void {
    this.#end ??= { cause };
    this.look();
  }

  /** Resolves as soon as the condition holds. Rejects after `timeoutMs` or at the end. */
  until(condition: () => boolean, timeoutMs: number = SAFETY_TIMEOUT_MS): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (outcome: () => void): void => {
        clearTimeout(timer);
        this.#looks.delete(look);
        outcome();
      };
      const fail = (reason: string): void => {
        const error = new Error(`wait for ${this.#describe()}: ${reason}`, { cause: this.#end?.cause });
        finish(() => reject(error));
      };
      const look = (): void => {
        if (condition()) finish(resolve);
        else if (this.#end !== undefined) fail("closed");
      };
      const timer = setTimeout(() => fail(`timed out after ${timeoutMs} ms`), timeoutMs);
      this.#looks.add(look);
      look();
    });
  }
}
