import { HeldError, type HeldState } from "../errors/mod.ts";
import type { OwnerState } from "./backend.ts";

/** What holds an account, and which import or move it is. */
export interface AccountHold {
  readonly state: HeldState;
  /** 32 lowercase hexadecimal characters, drawn by each import and each move. Both ends of a move have it. */
  readonly id: string;
}

/** A stored owner that is no opening but a hold. An opening's token has no colon. */
const HELD_OWNER = /^(importing|arriving|moving|moved):([0-9a-f]{32})$/;

/** What the caller can do about each state. */
const ADVICE: Readonly<Record<HeldState, string>> = {
  importing: "an import of the account was not finished, import it again",
  arriving: "a move of the account to this place was not finished, resume or abort it",
  moving: "a move of the account from this place was not finished, resume or abort it",
  moved: "the account was moved elsewhere, open it there",
};

/** The hold that a stored owner is; `undefined` for the token of an opening, and for no owner. */
export function holdOf(owner: string | undefined): AccountHold | undefined {
  const [, state, id] = HELD_OWNER.exec(owner ?? "") ?? [];
  return state === undefined || id === undefined ? undefined : { state: state as HeldState, id };
}

/** The owner that is stored for a hold. */
export function ownerOfHold({ state, id }: AccountHold): string {
  return `${state}:${id}`;
}

/**
 * Refuses what needs an account that can be opened.
 *
 * @throws {HeldError} When the stored owner is a hold. The message says what to do.
 */
export function refuseHeld(action: string, owner: string | undefined): void {
  const hold = holdOf(owner);
  if (hold === undefined) return;
  throw new HeldError(`${action}: ${ADVICE[hold.state]}`, { state: hold.state });
}

/** Whether an owner is the hold of an import that has stored nothing yet: each of its commits raises the epoch. */
export function isEmptyHold({ owner, epoch }: OwnerState): boolean {
  return epoch === 1 && holdOf(owner)?.state === "importing";
}
