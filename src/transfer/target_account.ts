import {
  type AccountHold,
  type Backend,
  holdOf,
  type OwnerState,
  ownerOfHold,
  ownerWithDevice,
  refuseHeld,
} from "../backend/mod.ts";
import { RefusedError } from "../errors/mod.ts";
import { type Random, systemHost } from "../ports/mod.ts";
import { HeldAccount, requireFencing } from "./held_account.ts";
import { newHoldId } from "./new_hold_id.ts";
import { endImport, type Replaced, type RetireOptions, replaceAccount } from "./retire.ts";

/** An account that rows are written to, and that cannot be opened before it is whole. */
export interface TargetAccount {
  readonly held: HeldAccount;
  readonly accountId: number;
  /** The account that had the name. */
  readonly replaced?: Replaced | undefined;
}

/** The owner of an account that has a device and is not open. */
export function restingOwner(random: Random): string {
  return ownerWithDevice(newHoldId(random));
}

/** What stands at the place of an account. */
export interface Occupant {
  readonly owner: OwnerState | undefined;
  /** Whether an account is there that could be opened. */
  readonly isAccount: boolean;
}

/** Reads what stands at the place of an account. */
export async function occupantOf(backend: Backend): Promise<Occupant> {
  const owner = await backend.readOwner();
  const isHeld = holdOf(owner?.owner) !== undefined;
  return { owner, isAccount: !isHeld && (owner !== undefined || (await backend.exists())) };
}

/**
 * Holds the place of an account for an import. What an earlier import has left is removed in the same commit,
 * so that the name is free at no time.
 *
 * @param replaces Whether an account that is there is retired, and one that was moved from there makes room.
 * @throws {RefusedError} When there is an account.
 * @throws {HeldError} When an account is being moved there or was moved from there.
 * @throws {FencedError} When another process was faster.
 */
export async function holdForImport(
  backend: Backend,
  replaces: boolean,
  options: RetireOptions,
): Promise<TargetAccount> {
  const { random } = systemHost(options.host);
  const { owner, isAccount } = await occupantOf(backend);
  const stored = holdOf(owner?.owner);
  // A killed import's id is that of the account that it was to replace.
  const id = stored?.state === "importing" ? stored.id : newHoldId(random);
  const hold: AccountHold = { state: "importing", id };
  if (isAccount) {
    if (!replaces)
      throw new RefusedError("import account: there is an account of this name, choose mode replace");
    requireFencing(backend);
    const replaced = await replaceAccount(backend, hold, options);
    const held = HeldAccount.resume(backend, { owner: ownerOfHold(hold), epoch: 1 });
    try {
      return { held, accountId: await backend.create(), replaced };
    } catch (error) {
      // If this fails, too, an undo brings it back.
      await held.end((owner) => endImport(backend, owner, replaced.kept.id)).catch(() => {});
      throw error;
    }
  }
  const makesRoom = stored?.state === "importing" || (stored?.state === "moved" && replaces);
  if (!makesRoom) refuseHeld("import account", owner?.owner);
  const accountId = await backend.create();
  return { held: await HeldAccount.takeOver(backend, hold, owner), accountId };
}
