import { hexOf } from "../bytes/mod.ts";
import { AmbiguousError, ClosedError, FencedError, LimitError } from "../errors/mod.ts";
import type { Logger, Random } from "../ports/mod.ts";
import type { Capabilities, CommitOptions, Committer, OwnerGuard } from "./backend.ts";
import type { Write } from "./write.ts";

/**
 * Commits that may wait at once. Above it something is badly stuck, and memory is what would be lost next.
 */
const MAX_WAITING_COMMITS = 4_096;

/**
 * Sends of one commit whose answers were lost, before the caller's promise rejects. Later commits still carry
 * the doubt.
 */
const MAX_SENDS = 3;

/** Rounds of taking the ownership against other openings that take it at the same moment. */
const MAX_TAKE_ROUNDS = 16;

/** Bytes of the random token by which an opening recognises itself. */
const OWNER_TOKEN_BYTES = 16;

/** What went through a commit queue since it was opened. */
export interface CommitStats {
  /** Commits that were applied. */
  readonly commits: number;
  /** Rows that those commits inserted, updated or deleted, as the backend counted them. */
  readonly rowsWritten: number;
  /** Sends whose answer was lost. */
  readonly ambiguous: number;
}

/** What a commit queue needs. */
export interface CommitQueueOptions {
  readonly random: Random;
  readonly logger: Logger;
  /**
   * The owner token to use instead of a random one. The caller vouches that at most one process at a time can
   * write under it: where it is stored already, ownership is taken without a commit. It must not be known to
   * other clients of the backend.
   */
  readonly soleOwner?: string | undefined;
}

/**
 * The only way from an open account to its backend's `commit`: one commit at a time, in the order of the
 * calls, each guarded by the owner epoch that was taken when the queue was opened.
 *
 * A commit whose answer was lost (`AmbiguousError`) is sent again with the epoch moved on in the same
 * transaction, so that the first one, should it arrive late, fails its guard instead of undoing newer
 * commits. Until one send is answered the queue does not know which epoch is stored; its guard then accepts
 * the whole range of its own epochs. The owner token keeps that range from covering the epoch of another
 * owner.
 *
 * What this does not cover: a network that repeats, after newer commits, a commit that it had answered.
 * Telling that twin from its original would cost a written row in every commit.
 *
 * Once fenced, always fenced: every later commit rejects with `FencedError` without asking the backend.
 */
export class CommitQueue implements Committer {
  readonly #backend: Committer;
  readonly #logger: Logger;
  readonly #owner: string;
  /**
   * The owner epoch that was taken. It grows with each opening, unless a `soleOwner` opens again. 0 without
   * fencing.
   */
  readonly ownerEpoch: number;
  #minEpoch: number;
  #maxEpoch: number;
  /** Whether a send is unanswered whose epoch no answered one has moved past. */
  #doubtful = false;
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  #commits = 0;
  #rowsWritten = 0;
  #ambiguous = 0;
  #fenced: FencedError | undefined;
  #closed = false;

  private constructor(backend: Committer, owner: string, epoch: number, logger: Logger) {
    this.#backend = backend;
    this.#owner = owner;
    this.ownerEpoch = epoch;
    this.#minEpoch = epoch;
    this.#maxEpoch = epoch;
    this.#logger = logger;
  }

  /**
   * Takes the ownership of the backend's account. When it resolves, commits of every earlier owner fail.
   *
   * A token that is stored already proves nothing by itself: on machines that were cloned, two processes may
   * draw the same one. It is ours only where an answer to our own commit was lost, or as `soleOwner`.
   *
   * A backend without `capabilities.fencing` is queued and not guarded.
   *
   * @throws {FencedError} When other openings keep taking the account over.
   */
  static async take(backend: Committer, options: CommitQueueOptions): Promise<CommitQueue> {
    const { soleOwner } = options;
    const owner = soleOwner ?? hexOf(options.random.bytes(OWNER_TOKEN_BYTES));
    let unansweredEpoch: number | undefined;
    if (!backend.capabilities.fencing) return new CommitQueue(backend, owner, 0, options.logger);
    for (let round = 0; round < MAX_TAKE_ROUNDS; round += 1) {
      const stored = await backend.readOwner();
      const isOurs = soleOwner !== undefined || stored?.epoch === unansweredEpoch;
      if (stored?.owner === owner && isOurs) {
        return new CommitQueue(backend, owner, stored.epoch, options.logger);
      }
      const epoch = stored?.epoch ?? 0;
      const next = { owner, epoch: epoch + 1 };
      try {
        await backend.commit([], { guard: { owner: stored?.owner, minEpoch: epoch, maxEpoch: epoch, next } });
        return new CommitQueue(backend, owner, next.epoch, options.logger);
      } catch (error) {
        // Another opening was faster, or the answer was lost: what is stored tells which.
        if (!(error instanceof FencedError || error instanceof AmbiguousError)) throw error;
        if (error instanceof AmbiguousError) unansweredEpoch = next.epoch;
      }
    }
    throw new FencedError("open account: other processes keep taking it over");
  }

  get capabilities(): Capabilities {
    return this.#backend.capabilities;
  }

  /** Commits that were accepted and have not settled. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Counts since the queue was opened. */
  get stats(): CommitStats {
    return { commits: this.#commits, rowsWritten: this.#rowsWritten, ambiguous: this.#ambiguous };
  }

  readOwner(): ReturnType<Committer["readOwner"]> {
    return this.#backend.readOwner();
  }

  /**
   * Queues a commit.
   *
   * @throws {TypeError} When `options.guard` is given: the guard is the queue's own.
   * @throws {FencedError} When a later owner exists; nothing was written.
   * @throws {AmbiguousError} When a send was not answered and none after it succeeded. It may have been
   * applied, or may yet be; a late arrival can no longer undo a commit that is made after this one.
   * @throws {LimitError | ClosedError}
   */
  async commit(writes: readonly Write[], options?: CommitOptions): Promise<number[]> {
    if (options?.guard !== undefined) throw new TypeError("commit: an owned backend sets the guard itself");
    if (this.#closed) throw new ClosedError("commit: the account is closed");
    if (this.#fenced !== undefined) throw this.#fenced;
    if (this.#waiting >= MAX_WAITING_COMMITS) {
      throw new LimitError(`commit: ${MAX_WAITING_COMMITS} commits are waiting already`);
    }
    this.#waiting += 1;
    const turn = this.#tail;
    let done: () => void = () => {};
    this.#tail = new Promise((resolve) => {
      done = resolve;
    });
    await turn;
    try {
      const changed = await this.#send(writes, options?.checked);
      this.#commits += 1;
      for (const rows of changed) this.#rowsWritten += rows;
      return changed;
    } finally {
      this.#waiting -= 1;
      done();
    }
  }

  /** Waits for what was queued and accepts nothing more. The backend stays open: it belongs to its opener. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#tail;
  }

  async #send(writes: readonly Write[], checked: boolean | undefined): Promise<number[]> {
    if (!this.#backend.capabilities.fencing) return await this.#backend.commit(writes, { checked });
    let lost: AmbiguousError | undefined;
    for (let sends = 1; ; sends += 1) {
      if (this.#fenced !== undefined) throw this.#fenced;
      const guard = this.#guard();
      try {
        const changed = await this.#backend.commit(writes, { guard, checked });
        const epoch = guard.next?.epoch ?? guard.maxEpoch;
        this.#minEpoch = epoch;
        this.#maxEpoch = epoch;
        this.#doubtful = false;
        return changed;
      } catch (error) {
        if (error instanceof FencedError) throw this.#fence(error);
        if (!(error instanceof AmbiguousError)) throw lost === undefined ? error : stillInDoubt(error);
        lost = error;
        this.#inDoubt(guard);
        if (sends === MAX_SENDS) throw error;
        this.#logger.log("warn", "commit: answer lost, sending again under a new epoch", { sends });
      }
    }
  }

  #fence(error: FencedError): FencedError {
    this.#fenced = error;
    return error;
  }

  /**
   * In doubt, the next send moves past every epoch that an unanswered one may have stored or may still carry.
   */
  #guard(): OwnerGuard {
    const range = { owner: this.#owner, minEpoch: this.#minEpoch, maxEpoch: this.#maxEpoch };
    if (!this.#doubtful) return range;
    return { ...range, next: { owner: this.#owner, epoch: this.#maxEpoch + 1 } };
  }

  #inDoubt(sent: OwnerGuard): void {
    this.#doubtful = true;
    this.#ambiguous += 1;
    this.#maxEpoch = sent.next?.epoch ?? sent.maxEpoch;
  }
}

/**
 * This send failed. One before it may be under way: what it carries must not be taken for what was never
 * stored.
 */
function stillInDoubt(cause: unknown): AmbiguousError {
  return new AmbiguousError("commit: an answer was lost, and it could not be sent again", { cause });
}
