import { INCARNATION_LENGTH } from "../backend/mod.ts";
import type { Random } from "../ports/mod.ts";

/** Characters of each epoch in an incarnation: 32 bits. */
const EPOCH_LENGTH = 8;

/** Number of distinct owner epochs in names. */
const OWNER_EPOCHS = 2 ** 32;

/** The epochs of an incarnation. */
export interface IncarnationEpochs {
  readonly restoreEpoch: number;
  readonly ownerEpoch: number;
}

/** Greatest restore epoch: 32 bits. */
export const MAX_RESTORE_EPOCH = 0xffff_ffff;

/**
 * Creates a unique name of one incarnation of a cache: the restore epoch, which shows whether a row is older
 * than a restore, the owner epoch, and 64 random bits. The owner epoch distinguishes openings on machines
 * whose randomness repeats. Randomness distinguishes the incarnations of one opening, or of owners with the
 * same epoch.
 */
export function newIncarnation(random: Random, epochs: IncarnationEpochs): string {
  let name = hex(epochs.restoreEpoch, EPOCH_LENGTH) + hex(epochs.ownerEpoch % OWNER_EPOCHS, EPOCH_LENGTH);
  for (const byte of random.bytes((INCARNATION_LENGTH - name.length) / 2)) name += hex(byte, 2);
  return name;
}

/** The restore epoch of a well-formed incarnation. */
export function epochOfIncarnation(incarnation: string): number {
  return Number.parseInt(incarnation.slice(0, EPOCH_LENGTH), 16);
}

/** Checks a restore epoch. @throws {RangeError} When it is not an integer from 0 to 2^32 − 1. */
export function requireRestoreEpoch(epoch: number): number {
  if (Number.isInteger(epoch) && epoch >= 0 && epoch <= MAX_RESTORE_EPOCH) return epoch;
  throw new RangeError(`open Signal cache: restoreEpoch is not an integer from 0 to ${MAX_RESTORE_EPOCH}`);
}

function hex(value: number, length: number): string {
  return value.toString(16).padStart(length, "0");
}
