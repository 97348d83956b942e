import { INCARNATION_LENGTH } from "../backend/mod.ts";
import type { Random } from "../ports/mod.ts";

/** The epoch's share of an incarnation, in characters: 32 bits. */
const EPOCH_LENGTH = 8;

/** Greatest restore epoch: 32 bits. */
export const MAX_RESTORE_EPOCH = 0xffff_ffff;

/**
 * A name for one incarnation of a cache: the restore epoch, so that later ones know which rows are older than a restore, and 96
 * random bits, so that no two incarnations ever have the same.
 */
export function newIncarnation(random: Random, restoreEpoch: number): string {
  let name = hex(restoreEpoch, EPOCH_LENGTH);
  for (const byte of random.bytes((INCARNATION_LENGTH - EPOCH_LENGTH) / 2)) name += hex(byte, 2);
  return name;
}

/** The restore epoch of a well-formed incarnation. */
export function restoreEpochOf(incarnation: string): number {
  return Number.parseInt(incarnation.slice(0, EPOCH_LENGTH), 16);
}

/** Checks an epoch. @throws {RangeError} When it is not an integer from 0 to 2^32 − 1. */
export function requireRestoreEpoch(epoch: number): number {
  if (Number.isInteger(epoch) && epoch >= 0 && epoch <= MAX_RESTORE_EPOCH) return epoch;
  throw new RangeError(`open Signal cache: restoreEpoch is ${epoch}, expected 0 to ${MAX_RESTORE_EPOCH}`);
}

function hex(value: number, length: number): string {
  return value.toString(16).padStart(length, "0");
}
