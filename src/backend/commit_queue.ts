import { hexOf } from "../bytes/mod.ts";
import { AmbiguousError, ClosedError, FencedError, LimitError } from "../errors/mod.ts";
import type { Logger, Random } from "../ports/mod.ts";
import { refuseHeld } from "./account_state.ts";
import type { Capabilities, CommitOptions, Committer, OwnerGuard, OwnerState } from "./backend.ts";
import { hasDeviceSince, ownerWithDevice } from "./owner_mark.ts";
import { sealedWithoutKeys } from "./sealed_account.ts";
import type { Write } from "./write.ts";

/** Limit of waiting commits. Beyond it the backend is stuck, and waiting commits would exhaust memory. */
const MAX_WAITING_COMMITS = 4_096;

/**
 * Sends of one commit without an answer before the caller's promise rejects. Later commits remain in doubt.
 */
const MAX_SENDS = 3;

/** Attempts to take ownership while other openings take it concurrently. */
const MAX_TAKE_ROUNDS = 16;

/** Length in bytes of the random part of the token that identifies an opening. */
const OWNER_TOKEN_BYTES = 16;

/** Counts of a commit queue since it was opened. */
export interface CommitStats {
  /** Number of applied commits. */
  readonly commits: number;
  /** Rows that those commits inserted, updated or deleted, as counted by the backend. */
  readonly rowsWritten: number;
  /** Number of sends whose answer was lost. */
  readonly ambiguous: number;
}

/**
 * Called with the writes of each commit after it was applied, in the order of the commits, and with
 * `undefined` after a commit whose outcome is unknown. The writes and their bytes are valid during the call
 * only. It must not throw.
 */
export type AppliedCommitFollower = (writes: readonly Write[] | undefined) => void;

/** Options of a commit queue. */
export interface CommitQueueOptions {
  readonly random: Random;
  readonly logger: Logger;
  /**
   * The owner token to use instead of a random one. The caller guarantees that at most one process at a time
   * writes under it. If it is stored already, ownership is taken without a commit. Other clients of the
   * backend must not know it.
   */
  readonly soleOwner?: string | undefined;
  /**
   * The writes that store the first device, none where the account has one. Called in each round for an
   * account that may have none. Without it, an account that was taken may have none.
   */
  readonly firstDevice?: (() => Promise<readonly Write[]>) | undefined;
}

/**
 * The only committer of an open account: it sends one commit at a time, in the order of the calls. The owner
 * epoch that was taken at opening guards each commit.
 *
 * A commit whose answer was lost (`AmbiguousError`) is sent again with the next epoch in the same
 * transaction. If the first one arrives late, its guard fails, so it cannot undo newer commits. Until one
 * send is answered, the queue does not know which epoch is stored, and its guard accepts the whole range of
 * its own epochs. The owner token keeps that range from covering the epoch of another owner: it ends with the
 * epoch that was taken, so tokens differ even where randomness repeats.
 *
 * Not covered: a network that repeats an answered commit after newer commits. Detecting that twin would cost
 * a written row in every commit.
 *
 * A fenced queue stays fenced: every later commit rejects with `FencedError` without a call to the backend.
 */
export class CommitQueue implements Committer {
  readonly #backend: Committer;
  readonly #logger: Logger;
  readonly #owner: string;
  /**
   * The owner epoch of this opening. Grows with each opening, unless a `soleOwner` opens again. 0 without
   * fencing.
   */
  readonly ownerEpoch: number;
  /** Whether the account must have a device. When it has none, it is damaged. */
  readonly hasDevice: boolean;
  /** Whether a `soleOwner` owned the account before this opening: no one has opened it since. */
  readonly isKept: boolean;
  #minEpoch: number;
  #maxEpoch: number;
  /** Whether a send is unanswered and no later answered send has a higher epoch. */
  #doubtful = false;
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  #commits = 0;
  #rowsWritten = 0;
  #ambiguous = 0;
  #fenced: FencedError | undefined;
  #closed = false;
  /** `undefined` until the first one is added. */
  #followers: Set<AppliedCommitFollower> | undefined;

  private constructor(backend: Committer, owner: string, epoch: number, logger: Logger, isKept = false) {
    this.#backend = backend;
    this.isKept = isKept;
    this.#owner = owner;
    this.ownerEpoch = epoch;
    this.hasDevice = hasDeviceSince(owner);
    this.#minEpoch = epoch;
    this.#maxEpoch = epoch;
    this.#logger = logger;
  }

  /**
   * Takes ownership of the backend's account. Once it resolves, commits of every earlier owner fail.
   *
   * A stored token equal to ours is no proof of ownership: on cloned machines two processes may draw the same
   * one. It counts as ours only after a lost answer to our own commit, or as `soleOwner`.
   *
   * The commit that takes the ownership of an account without a device stores its first one. Of openings at
   * the same time one stores its device, and each other finds it in its next round.
   *
   * Without `capabilities.fencing`, commits are queued but not guarded.
   *
   * @throws {SealedError} When the account is encrypted, and the backend has no keys.
   * @throws {HeldError} When the account is being imported or moved, or was moved elsewhere.
   * @throws {FencedError} When other openings keep taking the account, or the backend refuses every commit:
   *   its last refusal is the cause.
   */
  static async take(backend: Committer, options: CommitQueueOptions): Promise<CommitQueue> {
    const { soleOwner, firstDevice } = options;
    const token = soleOwner ?? hexOf(options.random.bytes(OWNER_TOKEN_BYTES));
    const ownerAt = (epoch: number, hasDevice: boolean): string => {
      const owner = soleOwner ?? `${token}${epochSuffix(epoch)}`;
      return hasDevice ? ownerWithDevice(owner) : owner;
    };
    let unanswered: OwnerState | undefined;
    let cause: unknown;
    if (!backend.capabilities.fencing) return new CommitQueue(backend, token, 0, options.logger);
    for (let round = 0; round < MAX_TAKE_ROUNDS; round += 1) {
      const stored = await backend.readOwner();
      refuseHeld("open account", stored?.owner);
      if (stored?.sealed === true) throw sealedWithoutKeys("open account");
      const isUnanswered = stored?.owner === unanswered?.owner && stored?.epoch === unanswered?.epoch;
      const isSole = stored?.owner === soleOwner || stored?.owner === ownerAt(0, true);
      if (stored !== undefined && (isSole || isUnanswered)) {
        return new CommitQueue(backend, stored.owner, stored.epoch, options.logger, !unanswered && isSole);
      }
      const epoch = stored?.epoch ?? 0;
      const hadDevice = hasDeviceSince(stored?.owner);
      const next = { owner: ownerAt(epoch + 1, firstDevice !== undefined || hadDevice), epoch: epoch + 1 };
      try {
        const first = (!hadDevice && (await firstDevice?.())) || [];
        const withoutDevice = first.length > 0 || undefined;
        const guard = { owner: stored?.owner, minEpoch: epoch, maxEpoch: epoch, next, withoutDevice };
        await backend.commit(first, { guard });
        return new CommitQueue(backend, next.owner, next.epoch, options.logger);
      } catch (error) {
        // Another opening was faster, or the answer was lost. The stored owner shows which.
        if (error instanceof AmbiguousError) unanswered = next;
        else if (!(error instanceof FencedError)) throw error;
        cause = error;
      }
    }
    throw new FencedError("open account: other processes keep taking ownership", { cause });
  }

  get capabilities(): Capabilities {
    return this.#backend.capabilities;
  }

  /** Number of accepted commits that have not settled. */
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
   * @throws {TypeError} When `options.guard` is set, since the queue sets the guard.
   * @throws {FencedError} When a later owner exists; nothing was written.
   * @throws {AmbiguousError} When a send was not answered and no later one succeeded. The commit may have
   *   been applied, or may still be. A late arrival cannot undo commits made after this one.
   * @throws {LimitError | ClosedError}
   */
  async commit(writes: readonly Write[], options?: CommitOptions): Promise<number[]> {
    if (options?.guard !== undefined) throw new TypeError("commit: an owned backend sets the guard itself");
    if (this.#closed) throw new ClosedError("commit: the account is closed");
    if (this.#fenced !== undefined) throw this.#fenced;
    if (this.#waiting >= MAX_WAITING_COMMITS) {
      throw new LimitError(`commit: ${MAX_WAITING_COMMITS} commits are waiting`);
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
      this.#tell(writes);
      this.#commits += 1;
      for (const rows of changed) this.#rowsWritten += rows;
      return changed;
    } catch (error) {
      if (error instanceof AmbiguousError) this.#tell(undefined);
      throw error;
    } finally {
      this.#waiting -= 1;
      done();
    }
  }

  /** Calls a function after every commit of this queue. Returns a function that removes it. */
  follow(follower: AppliedCommitFollower): () => void {
    this.#followers ??= new Set();
    const followers = this.#followers.add(follower);
    return () => followers.delete(follower);
  }

  #tell(writes: readonly Write[] | undefined): void {
    for (const follower of this.#followers ?? []) follower(writes);
  }

  /**
   * Waits for queued commits and rejects later ones. Does not close the backend, which belongs to its opener.
   */
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
   * In doubt, the next send uses an epoch above all that unanswered sends may have stored or may still store.
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

/** Formats an epoch as eight hexadecimal digits, or more if it needs them. */
function epochSuffix(epoch: number): string {
  return epoch.toString(16).padStart(8, "0");
}

/** This send failed, but an earlier one may still arrive, so the commit may yet be applied. */
function stillInDoubt(cause: unknown): AmbiguousError {
  return new AmbiguousError("commit: an answer was lost and the resend failed", { cause });
}
