import type { ListedTable, Write } from "../backend/mod.ts";

/**
 * How bad a finding is.
 *
 * - `damage`: stored bytes are not what was stored, or rows contradict each other. Something fails.
 * - `warning`: something will be lost or made anew, and nothing else fails.
 * - `note`: worth knowing; nothing is wrong.
 */
export type FindingSeverity = "damage" | "warning" | "note";

/** What is wrong, for programs. */
export type FindingCode =
  | "unreadable"
  | "unlistable"
  | "absent-device"
  | "unsound-keys"
  | "unsound-signature"
  | "undecodable"
  | "other-identity"
  | "malformed-key"
  | "malformed-lease"
  | "long-lease"
  | "burned-keys"
  | "not-found-by-key"
  | "pre-key-counter"
  | "mark-without-key"
  | "own-mapping"
  | "unknown-collection"
  | "newer-than-collection"
  | "other-entries"
  | "quarantined"
  | "structure"
  | "orphans";

/** Where something was found. `database` is the file as a whole. */
export type FindingPlace = ListedTable | "device" | "database";

/** One thing that is not as it should be. Contains no secret. */
export interface Finding {
  /** What is wrong, for programs. */
  readonly code: FindingCode;
  /** How bad it is. */
  readonly severity: FindingSeverity;
  /** Where it was found. */
  readonly table: FindingPlace;
  /** The key of the row; `undefined` when several are meant, or it is not known. */
  readonly key: string | undefined;
  /** What was found and what it means, as a sentence. */
  readonly what: string;
  /** What to do, as a sentence. */
  readonly remedy: string;
  /**
   * The writes that set aside what is set up anew by itself. They never touch an identity, ours or another's.
   */
  readonly repair: readonly Write[] | undefined;
}

/** Takes what the checks find. */
export type Tell = (
  finding: Omit<Finding, "repair" | "key"> & Partial<Pick<Finding, "repair" | "key">>,
) => void;
