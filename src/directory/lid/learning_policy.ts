import type { LearningSource, LidPnMapping } from "../../backend/mod.ts";

/** The known mappings of both ends of a mapping. */
export interface KnownMapping {
  /** The mapping of the LID. */
  readonly ofLid: LidPnMapping | undefined;
  /** The mapping that the phone number resolves to. */
  readonly ofPn: LidPnMapping | undefined;
}

/** Sources that may add a LID but not change a known one, since they may be wrong. */
const ONLY_UNSEEN: readonly LearningSource[] = ["other", "pairing", "device_notification"];

/** Sources without a date: any dated mapping is newer. */
const UNDATED: readonly LearningSource[] = ["migration_sync_old", "blocklist_inactive"];

/** Whether mappings of this source are dated 0. */
export function isUndated(source: LearningSource): boolean {
  return UNDATED.includes(source);
}

/**
 * The date of a mapping without one: never earlier than the known mapping, even after the clock stepped back.
 */
export function dateOf(nowS: number, { ofPn }: KnownMapping): number {
  return Math.max(nowS, ofPn?.createdAt ?? 0);
}

/**
 * Whether a mapping should be written.
 *
 * - `other`, `pairing`, `device_notification`: if the LID is unknown.
 * - `usync`, and any source that `overrides`: if the phone number has no LID or a different one.
 * - Directed sources: if it differs from the known mapping of either end.
 */
export function isNews(mapping: LidPnMapping, { ofLid, ofPn }: KnownMapping, overrides: boolean): boolean {
  const { learningSource: source, lid, phoneNumber } = mapping;
  if (isWeak(source, overrides)) return ofLid === undefined;
  if (ofPn?.lid !== lid) return ofLid?.phoneNumber !== phoneNumber || isNewest(mapping, ofPn);
  return source !== "usync" && ofLid?.phoneNumber !== phoneNumber;
}

/** The phone numbers whose known LID is contradicted by a source that may not overwrite it. */
export function contradictedBy(
  mapping: LidPnMapping,
  { ofLid, ofPn }: KnownMapping,
  overrides: boolean,
): string[] {
  const { learningSource, lid, phoneNumber } = mapping;
  if (!isWeak(learningSource, overrides) || ofLid === undefined || ofPn?.lid === lid) return [];
  return ofLid.phoneNumber === phoneNumber ? [phoneNumber] : [phoneNumber, ofLid.phoneNumber];
}

/**
 * Whether the phone number now resolves to this mapping: the newer one wins, and of equal dates the later
 * one.
 */
export function isNewest(mapping: LidPnMapping, known: LidPnMapping | undefined): boolean {
  return known === undefined || mapping.createdAt >= known.createdAt;
}

function isWeak(source: LearningSource, overrides: boolean): boolean {
  return ONLY_UNSEEN.includes(source) && !overrides;
}
