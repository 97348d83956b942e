import type { CommitOptions, Write } from "../backend/mod.ts";

/**
 * What happens to one commit on its way.
 *
 * - `pass`: nothing unusual.
 * - An `Error`: nothing is applied and the commit rejects with it.
 * - `lose-answer`: applied, but the caller gets `AmbiguousError`. A twin is kept.
 * - `lose-request`: not applied yet; the caller gets `AmbiguousError`. The commit itself is kept, still under
 *   way.
 * - `duplicate`: applied and answered, and a twin is kept.
 * - `hold`: waits for `FaultPlan.release`, then goes on as usual.
 *
 * What is kept arrives when `FaultPlan.deliverLate` is called.
 */
export type CommitFault = "pass" | "lose-answer" | "lose-request" | "duplicate" | "hold" | Error;

/** A commit that is still under way. */
export interface LateCommit {
  readonly writes: readonly Write[];
  readonly options: CommitOptions | undefined;
  /** Sends it to the backend. */
  deliver(): Promise<number[]>;
}

/** What became of a commit that arrived late: rows changed by each write, or the error. */
export type LateOutcome = { readonly changed: readonly number[] } | { readonly error: unknown };

/**
 * The faults that the commits of a backend will meet, and the controls to bring them about. See
 * `faultyCommitter`.
 */
export class FaultPlan {
  readonly #next: CommitFault[] = [];
  readonly #late: LateCommit[] = [];
  readonly #held: (() => void)[] = [];
  #always: CommitFault = "pass";
  #refuses: ((write: Write) => boolean) | undefined;
  #commits = 0;

  /** Commits that came by, whatever became of them. Late deliveries do not count. */
  get commits(): number {
    return this.#commits;
  }

  /** Commits that wait for `release`. */
  get held(): number {
    return this.#held.length;
  }

  /** Commits and twins that are under way, oldest first. */
  get late(): readonly LateCommit[] {
    return this.#late;
  }

  /** What the next commits meet, one each, after what was planned before. */
  next(...faults: readonly CommitFault[]): void {
    this.#next.push(...faults);
  }

  /** What every commit meets for which `next` has nothing. `pass` ends it. */
  always(fault: CommitFault): void {
    this.#always = fault;
  }

  /** Refuses commits that contain a write for which `refuses` answers true. `undefined` ends it. */
  refuse(refuses: ((write: Write) => boolean) | undefined): void {
    this.#refuses = refuses;
  }

  /** Forgets every fault that is planned. What is held or under way stays so. */
  clear(): void {
    this.#next.length = 0;
    this.#always = "pass";
    this.#refuses = undefined;
  }

  /** Lets every held commit go on, in the order in which they came. */
  release(): void {
    for (const go of this.#held.splice(0)) go();
  }

  /** Delivers what is under way, oldest first, one after the other, and says what became of each. */
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

  /** Counts a commit and answers with what it meets. Called by the committer that carries the plan out. */
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
