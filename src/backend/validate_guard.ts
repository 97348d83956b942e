import { ArgumentTypeError } from "../errors/mod.ts";
import type { OwnerGuard } from "./backend.ts";
import { requireInteger, requireText } from "./validate_value.ts";

/** Most characters of an owner's token. */
const MAX_OWNER_LENGTH = 64;

/**
 * Checks the guard of a commit.
 *
 * @throws {TypeError} When an owner's token is malformed or longer than 64 characters.
 * @throws {RangeError} When an epoch is out of range, the range of epochs is empty, or the next epoch would not be
 * greater than all that the guard accepts: epochs only grow.
 */
export function requireGuard(guard: OwnerGuard): void {
  if (guard.owner !== undefined) requireOwner(guard.owner);
  requireInteger("guard: lowest epoch", guard.minEpoch, 0, Number.MAX_SAFE_INTEGER);
  requireInteger("guard: highest epoch", guard.maxEpoch, guard.minEpoch, Number.MAX_SAFE_INTEGER);
  if (guard.next === undefined) return;
  requireOwner(guard.next.owner);
  requireInteger("guard: next epoch", guard.next.epoch, guard.maxEpoch + 1, Number.MAX_SAFE_INTEGER);
}

function requireOwner(owner: string): void {
  requireText("guard: owner", owner);
  if (owner.length > MAX_OWNER_LENGTH) {
    throw new ArgumentTypeError(
      `guard: owner is ${owner.length} characters, at most ${MAX_OWNER_LENGTH} are allowed`,
    );
  }
}
