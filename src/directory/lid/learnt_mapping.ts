import type { LearningSource, LidPnMapping } from "../../backend/mod.ts";
import { isUndated } from "./learning_policy.ts";

/** A mapping that a client has seen. */
export interface LearntMapping {
  /** User part of the LID. */
  readonly lid: string;
  /** User part of the phone number. */
  readonly phoneNumber: string;
  /**
   * Date of the mapping in Unix seconds. Defaults to now, or to the date of the replaced mapping if that is
   * later.
   */
  readonly createdAt?: number | undefined;
}

/** A mapping ready to be stored. A missing date is filled in when the mapping is compared with known ones. */
export type NormalizedMapping = Omit<LidPnMapping, "createdAt"> & Pick<LearntMapping, "createdAt">;

/**
 * Validates mappings and adds the other stored fields.
 *
 * @param nowS Now, in Unix seconds.
 * @throws {TypeError} When an end is not a user part. @throws {RangeError} When a time is invalid.
 */
export function normalizeMappings(
  mappings: readonly LearntMapping[],
  source: LearningSource,
  nowS: number,
): NormalizedMapping[] {
  return mappings.map(({ lid, phoneNumber, createdAt }) => {
    if (!USER.test(lid) || !USER.test(phoneNumber))
      throw new TypeError("learn LIDs: an end is not a user part");
    if (createdAt !== undefined && (!Number.isSafeInteger(createdAt) || createdAt < 0))
      throw new RangeError("learn LIDs: createdAt is not a time");
    const madeAt = isUndated(source) ? 0 : createdAt;
    return { lid, phoneNumber, createdAt: madeAt, updatedAt: nowS, learningSource: source };
  });
}

/** Characters allowed in a user part. */
const USER = /^[0-9A-Za-z._-]{1,128}$/;

/** Keeps the last mapping of each phone number and of each LID, in their order. */
export function lastOfEach<M extends LearntMapping>(mappings: readonly M[]): M[] {
  const byPn = new Map<string, M>();
  for (const mapping of mappings) {
    byPn.delete(mapping.phoneNumber);
    byPn.set(mapping.phoneNumber, mapping);
  }
  const byLid = new Map<string, M>();
  for (const mapping of byPn.values()) {
    byLid.delete(mapping.lid);
    byLid.set(mapping.lid, mapping);
  }
  return [...byLid.values()];
}
