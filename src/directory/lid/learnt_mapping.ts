import type { LearningSource, LidPnMapping } from "../../backend/mod.ts";
import { createdAtOf } from "./learning_policy.ts";

/** A mapping that somebody has seen. */
export interface LearntMapping {
  /** User part of the LID. */
  readonly lid: string;
  /** User part of the phone number. */
  readonly phoneNumber: string;
  /** When it was made, in Unix seconds. Defaults to now. */
  readonly createdAt?: number | undefined;
}

/**
 * What is to be learnt of mappings that somebody has seen: of several for one phone number the last.
 *
 * @param nowS Now, in Unix seconds.
 * @throws {TypeError} When an end is no user part. @throws {RangeError} When a time is none.
 */
export function normalizeMappings(
  mappings: readonly LearntMapping[],
  source: LearningSource,
  nowS: number,
): LidPnMapping[] {
  return lastOfEach(mappings.map((mapping) => toStored(mapping, source, nowS)));
}

function toStored(mapping: LearntMapping, source: LearningSource, nowS: number): LidPnMapping {
  const { lid, phoneNumber, createdAt = nowS } = mapping;
  if (!USER.test(lid) || !USER.test(phoneNumber)) throw new TypeError("learn LIDs: an end is no user part");
  if (!Number.isSafeInteger(createdAt) || createdAt < 0)
    throw new RangeError("learn LIDs: createdAt is no time");
  return {
    lid,
    phoneNumber,
    createdAt: createdAtOf(source, createdAt),
    updatedAt: nowS,
    learningSource: source,
  };
}

/** What a user part may be made of. */
const USER = /^[0-9A-Za-z._-]{1,128}$/;

/** Of several mappings of one phone number the last, in the order of the last ones; of several of one LID too. */
function lastOfEach(mappings: readonly LidPnMapping[]): LidPnMapping[] {
  const byPn = new Map<string, LidPnMapping>();
  for (const mapping of mappings) {
    byPn.delete(mapping.phoneNumber);
    byPn.set(mapping.phoneNumber, mapping);
  }
  const byLid = new Map<string, LidPnMapping>();
  for (const mapping of byPn.values()) {
    byLid.delete(mapping.lid);
    byLid.set(mapping.lid, mapping);
  }
  return [...byLid.values()];
}
