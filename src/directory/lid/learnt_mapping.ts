import type { LearningSource, LidPnMapping } from "../../backend/mod.ts";
import { isUndated } from "./learning_policy.ts";

/** A mapping that was seen. */
export interface LearntMapping {
  /** User part of the LID. */
  readonly lid: string;
  /** User part of the phone number. */
  readonly phoneNumber: string;
  /**
   * When it was made, in Unix seconds. Defaults to now, or to the date of the mapping that it replaces if
   * that is later.
   */
  readonly createdAt?: number | undefined;
}

/**
 * A mapping as it is to be stored, save for its date: without one it is dated when it is compared with what
 * is known.
 */
export type NormalizedMapping = Omit<LidPnMapping, "createdAt"> & Pick<LearntMapping, "createdAt">;

/**
 * Checks mappings and names what belongs to them.
 *
 * @param nowS Now, in Unix seconds.
 * @throws {TypeError} When an end is no user part. @throws {RangeError} When a time is none.
 */
export function normalizeMappings(
  mappings: readonly LearntMapping[],
  source: LearningSource,
  nowS: number,
): NormalizedMapping[] {
  return mappings.map(({ lid, phoneNumber, createdAt }) => {
    if (!USER.test(lid) || !USER.test(phoneNumber)) throw new TypeError("learn LIDs: an end is no user part");
    if (createdAt !== undefined && (!Number.isSafeInteger(createdAt) || createdAt < 0))
      throw new RangeError("learn LIDs: createdAt is no time");
    const madeAt = isUndated(source) ? 0 : createdAt;
    return { lid, phoneNumber, createdAt: madeAt, updatedAt: nowS, learningSource: source };
  });
}

/** What a user part may be made of. */
const USER = /^[0-9A-Za-z._-]{1,128}$/;

/**
 * Of several mappings of one phone number the last, in the order of the last ones; of several of one LID too.
 */
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
