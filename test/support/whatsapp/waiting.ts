/**
 * Waiting for conditions by looking again whenever something has happened, with a timeout only as a net.
 * @module
 */

/** Timeout of waits in tests that don't say another. */
export const SAFETY_TIMEOUT_MS = 5_000;

/** Waits on one object's state. */
export class Waiters {
  readonly #looks = new Set<() => void>();
  readonly #describe: () => string;
  #end: { readonly cause: unknown } | undefined;

  /** `describe` says in an error what was waited on and how it stood. */
  constructor(describe: () => string) {
    this.#describe = describe;
  }

  /** Call this after each change. */
  look(): void {
    for (const look of [...this.#looks]) look();
  }

  /** Nothing will change any more: waits whose condition does not hold reject, with this cause. */
  end(cause?: unknown): void {
    this.#end ??= { cause };
    this.look();
  }

  /** Resolves as soon as the condition holds, at once if it does. Rejects after `timeoutMs` or at the end. */
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
