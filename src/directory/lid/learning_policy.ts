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

/** Whether mappings from this source count as made at time 0. */
export function isUndated(source: LearningSource): boolean {
  return UNDATED.includes(source);
}

/**
 * The date of a mapping that came without one: what is learnt now is newer than what is known, whatever the
 * clock says.
 */
export function dateOf(nowS: number, { ofPn }: KnownMapping): number {
  return Math.max(nowS, ofPn?.createdAt ?? 0);
}

/**
 * Whether a mapping is to be written.
 *
 * - `other`, `pairing`, `device_notification`: when its LID was never seen.
 * - `usync`, and any source that `overrides`: when the phone number has no LID, or another.
 * - Directed sources: when it differs from what is known of either end.
 */
export function isNews(mapping: LidPnMapping, { ofLid, ofPn }: KnownMapping, overrides: boolean): boolean {
  const { learningSource: source, lid, phoneNumber } = mapping;
  if (isWeak(source, overrides)) return ofLid === undefined;
  if (ofPn?.lid !== lid) return ofLid?.phoneNumber !== phoneNumber || isNewest(mapping, ofPn);
  return source !== "usync" && ofLid?.phoneNumber !== phoneNumber;
}

/** The phone numbers whose known LID a mapping contradicts that its source may not overwrite. */
export function contradictedBy(
  mapping: LidPnMapping,
  { ofLid, ofPn }: KnownMapping,
  overrides: boolean,
): string[] {
  const { learningSource, lid, phoneNumber } = mapping;
  if (!isWeak(learningSource, overrides) || ofLid === undefined || ofPn?.lid === lid) return [];
  return ofLid.phoneNumber === phoneNumber ? [phoneNumber] : [phoneNumber, ofLid.phoneNumber];
}

/** Whether a phone number resolves to this mapping from now on: of two the newer one, of equals the later. */
export function isNewest(mapping: LidPnMapping, known: LidPnMapping | undefined): boolean {
  return known === undefined || mapping.createdAt >= known.createdAt;
}

function isWeak(source: LearningSource, overrides: boolean): boolean {
  return ONLY_UNSEEN.includes(source) && !overrides;
}
