import { BackendError } from "../../errors/mod.ts";

/**
 * One commit under way: remembers how to undo each change, so that a commit that fails half way leaves
 * nothing behind. Nothing else runs while it is open, because applying a commit never awaits.
 */
export class Transaction {
  readonly #undo: (() => void)[] = [];
  readonly #failAt: number | undefined;

  /** @param failAt Index of the row change that fails instead of happening, counted from 0. */
  constructor(failAt: number | undefined) {
    this.#failAt = failAt;
  }

  /**
   * Carries out the change of one row. @throws {BackendError} When this is the change that was asked to fail.
   */
  change(apply: () => void, undo: () => void): void {
    if (this.#undo.length === this.#failAt) throw new BackendError("commit: failed on demand");
    apply();
    this.#undo.push(undo);
  }

  /** Takes everything back, the last change first. */
  rollback(): void {
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) undo();
  }
}
