import { ArgumentRangeError } from "../errors/mod.ts";
import { checkOf, flag, object, optional, type Rule, text } from "../rules/mod.ts";
import { GENERATIONS_SINCE } from "./app_sync_writes.ts";
import type { OwnerGuard, OwnerState } from "./backend.ts";
import { number, type TextSort } from "./field_rules.ts";

/** Maximum length of an owner's token in characters. */
const MAX_OWNER_LENGTH = 64;

/** The token of an owner. */
export const OWNER: Rule<string> = text("word" satisfies TextSort, { max: MAX_OWNER_LENGTH });
const EPOCH = number("count");

/** The stored owner. */
export const OWNER_STATE: Rule<OwnerState> = object<OwnerState>({
  owner: OWNER,
  epoch: EPOCH,
  sealed: optional(flag(), { since: GENERATIONS_SINCE }),
});

/** The guard of a commit. */
export const OWNER_GUARD: Rule<OwnerGuard> = object<OwnerGuard>({
  owner: optional(OWNER),
  minEpoch: EPOCH,
  maxEpoch: EPOCH,
  next: optional(OWNER_STATE),
  withoutDevice: optional(flag(), { since: GENERATIONS_SINCE }),
});

const checkGuard = checkOf(OWNER_GUARD, "guard");

/**
 * Checks the guard of a commit.
 *
 * @throws {TypeError} When an owner's token is malformed or longer than 64 characters.
 * @throws {RangeError} When an epoch is out of range, the range of epochs is empty, or the next epoch is not
 *   greater than all that the guard accepts.
 */
export function requireGuard(guard: OwnerGuard): void {
  checkGuard(guard);
  if (guard.minEpoch > guard.maxEpoch) throw new ArgumentRangeError("guard: the range of epochs is empty");
  if (guard.next !== undefined && guard.next.epoch <= guard.maxEpoch) {
    throw new ArgumentRangeError("guard: the next epoch is not greater than the last one");
  }
}
