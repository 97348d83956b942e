import { BackendError } from "../../errors/mod.ts";

/**
 * One running commit. Records how to undo each change, so that a failed commit leaves nothing behind. No
 * other code runs while it is open, because applying a commit never awaits.
 */
export class Transaction {
  readonly #undo: (() => void)[] = [];
  readonly #failAt: number | undefined;

  /** @param failAt Index of the row change that fails instead of happening, counted from 0. */
  constructor(failAt: number | undefined) {
    this.#failAt = failAt;
  }

  /** Changes one row. @throws {BackendError} When a test asked this change to fail. */
  change(apply: () => void, undo: () => void): void {
    if (this.#undo.length === this.#failAt) throw new BackendError("commit: failed on demand");
    apply();
    this.#undo.push(undo);
  }

  /** Undoes every change, the last one first. */
  rollback(): void {
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) undo();
  }
}
