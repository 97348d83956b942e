import type { LearningSource, LidPnMapping } from "../../backend/mod.ts";

/** What is known already of the two ends of a mapping. */
export interface KnownMapping {
  /** The mapping of the LID. */
  readonly ofLid: LidPnMapping | undefined;
  /** The mapping that the phone number resolves to. */
  readonly ofPn: LidPnMapping | undefined;
}

/** Sources that only say what nobody said before: they may be wrong about a LID that is known. */
const ONLY_UNSEEN: readonly LearningSource[] = ["other", "pairing", "device_notification"];

/** Sources that do not say when: any dated mapping is newer. */
const UNDATED: readonly LearningSource[] = ["migration_sync_old", "blocklist_inactive"];

/** When a mapping from this source counts as made, in Unix seconds. */
export function createdAtOf(source: LearningSource, createdAt: number): number {
  return UNDATED.includes(source) ? 0 : createdAt;
}

/**
 * Whether a mapping is to be written.
 *
 * - `other`, `pairing`, `device_notification`: when its LID was never seen.
 * - `usync`: when the phone number has no LID, or another.
 * - Directed sources: when it differs from what is known of either end.
 */
export function isNews(mapping: LidPnMapping, { ofLid, ofPn }: KnownMapping): boolean {
  const { learningSource: source, lid, phoneNumber } = mapping;
  if (ONLY_UNSEEN.includes(source)) return ofLid === undefined;
  if (ofPn?.lid !== lid) return ofLid?.phoneNumber !== phoneNumber || isNewest(mapping, ofPn);
  return source !== "usync" && ofLid?.phoneNumber !== phoneNumber;
}

/** Whether a phone number resolves to this mapping from now on: of two the newer one, of equals the later. */
export function isNewest(mapping: LidPnMapping, known: LidPnMapping | undefined): boolean {
  return known === undefined || mapping.createdAt >= known.createdAt;
}
