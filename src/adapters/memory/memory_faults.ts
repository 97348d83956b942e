/**
 * Failures that a test injects into a memory backend. One object may be shared by several backends.
 *
 * @example
 * ```ts
 * import { MemoryFaults, memoryBackend } from "@holdfast/store/memory";
 *
 * const faults = new MemoryFaults();
 * const backend = memoryBackend({ faults });
 * faults.failCommitAt(0);
 * await backend.putSession("5511999990000@c.us.0", new Uint8Array([1])).catch(() => "nothing was written");
 * ```
 */
export class MemoryFaults {
  #failAt: number | undefined;
  #readError: Error | undefined;

  /**
   * Makes the next commit fail with `BackendError` when it is about to change its row number `rowChange`,
   * counted from 0, after the earlier ones were changed. A commit that changes fewer rows succeeds. Either
   * way the fault is used up.
   */
  failCommitAt(rowChange: number): void {
    this.#failAt = rowChange;
  }

  /** Makes every read reject with `error` until it is called with `undefined`. */
  failReads(error: Error | undefined): void {
    this.#readError = error;
  }

  /** The error of `failReads`. */
  get readError(): Error | undefined {
    return this.#readError;
  }

  /** Returns and clears the row number of `failCommitAt`. */
  takeFailure(): number | undefined {
    const failAt = this.#failAt;
    this.#failAt = undefined;
    return failAt;
  }
}
