import { checkOf, object, passes, type Rule, text } from "../rules/mod.ts";
import { number, type TextSort } from "./field_rules.ts";

/** Characters of an incarnation: 16 bytes in lowercase hexadecimal. */
export const INCARNATION_LENGTH = 32;

/** Greatest bound of a lease: counters of the Signal protocol have 32 bits, and the bound is exclusive. */
const MAX_BOUND = 2 ** 32;

/** The two tables of leased records. */
export const SIGNAL_RECORD_STORES = ["session", "senderKey"] as const;

/** Why a stored record cannot be used: see `QuarantineReason`. */
export const QUARANTINE_REASONS = ["undecodable", "wrong-length", "lease"] as const;

/**
 * What a stored record says about counters that may have left without being stored. It stands in columns
 * beside the record, so that it works for any client's record, and is replaced with each put of the record.
 */
export interface Lease {
  /** Exclusive bound on the counters of the current sending chain that may have been used, 0 … 2^32. */
  readonly reservedUntil: number;
  /**
   * Who wrote the record: 32 lowercase hexadecimal characters. Only its writer knows that the record is
   * exact.
   */
  readonly incarnation: string;
  /**
   * Keys of the current sending chain that were thrown away since the peer last moved it, 0 … 2^32. A
   * receiver follows a chain only so far, and no single incarnation sees more than its own share of them.
   */
  readonly burned: number;
}

/** A stored record with its lease. The bytes are the reader's own. */
export interface SignalRow {
  readonly record: Uint8Array;
  /**
   * As it is stored, unchecked: see `isLease`. `undefined` when the row never had one. Where only a part of
   * it is stored, the missing part reads as −1 or as the empty text.
   */
  readonly lease: Lease | undefined;
}

/**
 * Reads of records with their leases. Absent is `undefined`; a row whose record is not bytes throws
 * `CorruptError`.
 */
export interface SignalRowReads {
  loadSessionRow(address: string): Promise<SignalRow | undefined>;
  /** In the order of `addresses`, in as few queries as the backend's limits allow. */
  loadSessionRows(addresses: readonly string[]): Promise<(SignalRow | undefined)[]>;
  loadSenderKeyRow(name: string): Promise<SignalRow | undefined>;
  /** In the order of `names`, in as few queries as the backend's limits allow. */
  loadSenderKeyRows(names: readonly string[]): Promise<(SignalRow | undefined)[]>;
}

/** Which table a record is in. */
export type SignalRecordStore = (typeof SIGNAL_RECORD_STORES)[number];

/**
 * Why a stored record cannot be used.
 *
 * - `undecodable`: its bytes are no record.
 * - `wrong-length`: they are, and a key in it has a length that no key of its kind has.
 * - `lease`: the record may be sound, but what is stored about its counters is not.
 */
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number];

/**
 * Keeps a record aside that cannot be used. The row itself is removed or replaced by another write of the
 * same commit.
 */
export interface QuarantinePut {
  readonly kind: "quarantine.put";
  readonly store: SignalRecordStore;
  /** A Signal address, or a sender key name. */
  readonly address: string;
  /** The stored bytes as they were. */
  readonly record: Uint8Array;
  readonly reason: QuarantineReason;
}

/** A record that was set aside. */
export interface QuarantinedRecord {
  readonly store: SignalRecordStore;
  readonly address: string;
  readonly reason: QuarantineReason;
  /** Length of the stored bytes. */
  readonly bytes: number;
}

const BOUND = number("count", { max: MAX_BOUND });

/** A lease as it is written. */
export const LEASE: Rule<Lease> = object<Lease>({
  reservedUntil: BOUND,
  incarnation: text("incarnation" satisfies TextSort, { pattern: /^[0-9a-f]{32}$/ }),
  burned: BOUND,
});

const checkLease = checkOf(LEASE, "lease");

/** Whether a stored lease is well-formed. One that is not makes its row unreadable. */
export function isLease(lease: Lease): boolean {
  return passes(checkLease, lease);
}
