import {
  type AccountHold,
  type Committer,
  type OwnerState,
  ownerOfHold,
  type Write,
} from "../backend/mod.ts";
import { AmbiguousError, FencedError, IncompatibleError } from "../errors/mod.ts";

/** Sends of one commit whose answers are lost before the caller learns of it. */
const MAX_SENDS = 4;

/**
 * An account that is held: while the hold is stored as its owner, it does not open, and a process that had it
 * open is fenced. Its commits are made one after the other.
 *
 * Each commit raises the owner epoch, so that the stored owner tells whether a commit was applied whose
 * answer was lost, and so that its late twin fails.
 */
export class HeldAccount {
  readonly #backend: Committer;
  #stored: OwnerState | undefined;

  private constructor(backend: Committer, stored: OwnerState | undefined) {
    this.#backend = backend;
    this.#stored = stored;
  }

  /**
   * Stores a hold as the owner of the account.
   *
   * @param from The owner that is stored, `undefined` for an account that never had one.
   * @throws {FencedError} When the stored owner is another one by now. Nothing was changed.
   * @throws {IncompatibleError} When the backend cannot fence: a hold would have no effect.
   */
  static async enter(
    backend: Committer,
    hold: AccountHold,
    from: OwnerState | undefined,
  ): Promise<HeldAccount> {
    requireFencing(backend);
    const account = new HeldAccount(backend, from);
    await account.pass(ownerOfHold(hold));
    return account;
  }

  /**
   * Stores a hold in place of what is there, which is removed in the same commit. The device stays, until
   * another one is stored.
   *
   * @throws As `enter`.
   */
  static async takeOver(
    backend: Committer,
    hold: AccountHold,
    from: OwnerState | undefined,
  ): Promise<HeldAccount> {
    if (from === undefined) return await HeldAccount.enter(backend, hold, undefined);
    const account = HeldAccount.resume(backend, from);
    await account.pass(ownerOfHold(hold), [{ kind: "account.clear" }]);
    return account;
  }

  /** Goes on with a hold that is stored. */
  static resume(backend: Committer, stored: OwnerState): HeldAccount {
    requireFencing(backend);
    return new HeldAccount(backend, stored);
  }

  /** Commits under the hold. @throws {FencedError} When the hold is not stored any more. */
  async commit(writes: readonly Write[]): Promise<void> {
    await this.#send(writes, this.#stored?.owner ?? "");
  }

  /** Commits, and stores another owner in the same transaction: another hold, or that of an opening. */
  async pass(owner: string, writes: readonly Write[] = []): Promise<void> {
    await this.#send(writes, owner);
  }

  /** Deletes the account with all that is stored for it. The hold goes with it. */
  async erase(accountId: number): Promise<void> {
    const { owner, epoch = 0 } = this.#stored ?? {};
    const guard = { owner, minEpoch: epoch, maxEpoch: epoch };
    for (let sends = 1; ; sends += 1) {
      try {
        await this.#backend.commit([{ kind: "account.delete", accountId }], { guard });
        break;
      } catch (error) {
        const isDone = sends > 1 && error instanceof FencedError && !(await this.#isStored(this.#stored));
        if (isDone) break;
        if (!(error instanceof AmbiguousError) || sends === MAX_SENDS) throw error;
      }
    }
    this.#stored = undefined;
  }

  /** Ends the hold by a commit of the caller's, which is guarded by the owner that is stored. */
  async end(commit: (stored: OwnerState) => Promise<void>): Promise<void> {
    if (this.#stored !== undefined) await commit(this.#stored);
    this.#stored = undefined;
  }

  async #send(writes: readonly Write[], owner: string): Promise<void> {
    const { owner: before, epoch = 0 } = this.#stored ?? {};
    const next = { owner, epoch: epoch + 1 };
    const guard = { owner: before, minEpoch: epoch, maxEpoch: epoch, next };
    for (let sends = 1; ; sends += 1) {
      try {
        await this.#backend.commit(writes, { guard });
        break;
      } catch (error) {
        const isLost = error instanceof AmbiguousError;
        const mayBeApplied = isLost || (sends > 1 && error instanceof FencedError);
        if (mayBeApplied && (await this.#isStored(next))) break;
        if (!isLost || sends === MAX_SENDS) throw error;
      }
    }
    this.#stored = next;
  }

  async #isStored(state: OwnerState | undefined): Promise<boolean> {
    const stored = await this.#backend.readOwner();
    return stored?.owner === state?.owner && stored?.epoch === state?.epoch;
  }
}

/** @throws {IncompatibleError} When the backend cannot fence: a hold would have no effect. */
export function requireFencing({ capabilities }: Committer): void {
  if (capabilities.fencing && capabilities.atomicCommit) return;
  throw new IncompatibleError("hold account: the backend cannot fence, so that a half copy could be opened");
}
