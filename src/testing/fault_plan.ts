import type { CommitOptions, Write } from "../backend/mod.ts";

/**
 * The fault of one commit.
 *
 * - `pass`: no fault.
 * - An `Error`: nothing is applied and the commit rejects with it.
 * - `lose-answer`: applied, but the caller gets `AmbiguousError`. A twin is kept.
 * - `lose-request`: not applied yet; the caller gets `AmbiguousError`. The commit itself is kept.
 * - `duplicate`: applied and answered, and a twin is kept.
 * - `hold`: waits for `FaultPlan.release`, then proceeds normally.
 *
 * `FaultPlan.deliverLate` delivers the kept commits.
 */
export type CommitFault = "pass" | "lose-answer" | "lose-request" | "duplicate" | "hold" | Error;

/** A commit that has not arrived yet. */
export interface LateCommit {
  /** The writes of the commit, copied. */
  readonly writes: readonly Write[];
  /** Options of the commit, with its guard. */
  readonly options: CommitOptions | undefined;
  /** Sends it to the backend. */
  deliver(): Promise<number[]>;
}

/** The outcome of a late commit: rows changed by each write, or the error. */
export type LateOutcome = { readonly changed: readonly number[] } | { readonly error: unknown };

/** Plans the faults of a backend's commits. See `faultyCommitter`. */
export class FaultPlan {
  readonly #next: CommitFault[] = [];
  readonly #late: LateCommit[] = [];
  readonly #held: (() => void)[] = [];
  #always: CommitFault = "pass";
  #refuses: ((write: Write) => boolean) | undefined;
  #commits = 0;

  /** Number of commits, whatever their outcome. Late deliveries do not count. */
  get commits(): number {
    return this.#commits;
  }

  /** Number of commits that wait for `release`. */
  get held(): number {
    return this.#held.length;
  }

  /** Kept commits and twins, oldest first. */
  get late(): readonly LateCommit[] {
    return this.#late;
  }

  /** Adds one fault for each of the next commits, after those planned before. */
  next(...faults: readonly CommitFault[]): void {
    this.#next.push(...faults);
  }

  /** Sets the fault of every commit without a fault from `next`. `pass` removes it. */
  always(fault: CommitFault): void {
    this.#always = fault;
  }

  /** Refuses commits that contain a write for which `refuses` answers true. `undefined` removes it. */
  refuse(refuses: ((write: Write) => boolean) | undefined): void {
    this.#refuses = refuses;
  }

  /** Removes every planned fault. Held and kept commits stay. */
  clear(): void {
    this.#next.length = 0;
    this.#always = "pass";
    this.#refuses = undefined;
  }

  /** Releases every held commit, in the order of the calls. */
  release(): void {
    for (const go of this.#held.splice(0)) go();
  }

  /** Delivers the kept commits one after the other, oldest first, and returns the outcome of each. */
  async deliverLate(): Promise<LateOutcome[]> {
    const outcomes: LateOutcome[] = [];
    for (const commit of this.#late.splice(0)) {
      try {
        outcomes.push({ changed: await commit.deliver() });
      } catch (error) {
        outcomes.push({ error });
      }
    }
    return outcomes;
  }

  /** Counts a commit and returns its fault. Called by the committer that applies the plan. */
  take(): CommitFault {
    this.#commits += 1;
    return this.#next.shift() ?? this.#always;
  }

  /** Index of the first write that is refused, −1 when none is. */
  refusedIndex(writes: readonly Write[]): number {
    const refuses = this.#refuses;
    return refuses === undefined ? -1 : writes.findIndex((write) => refuses(write));
  }

  /** Keeps a commit for `deliverLate`. */
  keep(commit: LateCommit): void {
    this.#late.push(commit);
  }

  /** Resolves when `release` is called. */
  hold(): Promise<void> {
    return new Promise((resolve) => {
      this.#held.push(resolve);
    });
  }
}
