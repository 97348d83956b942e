import { checkOf, object, passes, type Rule, text } from "../rules/mod.ts";
import { number, type TextSort } from "./field_rules.ts";

/** Characters of an incarnation: 16 bytes in lowercase hexadecimal. */
export const INCARNATION_LENGTH = 32;

/** Greatest bound of a lease. Counters of the Signal protocol have 32 bits, and the bound is exclusive. */
const MAX_BOUND = 2 ** 32;

/** The two tables of leased records. */
export const SIGNAL_RECORD_STORES: readonly SignalRecordStore[] = ["session", "senderKey"];

/** Reasons why a stored record cannot be used; see `QuarantineReason`. */
export const QUARANTINE_REASONS: readonly QuarantineReason[] = ["undecodable", "wrong-length", "lease"];

/**
 * The range of counters that may have been used without being stored. Kept in columns beside the record, so
 * that it works for the records of any client. Each put of the record replaces it.
 */
export interface Lease {
  /** Exclusive bound on the counters of the current sending chain that may have been used, 0 … 2^32. */
  readonly reservedUntil: number;
  /**
   * The incarnation that wrote the record: 32 lowercase hexadecimal characters. Only the writer knows that
   * the record is exact.
   */
  readonly incarnation: string;
  /**
   * Number of keys of the current sending chain that were burned since the peer last replied, 0 … 2^32. A
   * receiver accepts only a limited gap, and a single incarnation sees only the keys that it burned itself.
   */
  readonly burned: number;
}

/** A stored record with its lease. The bytes are the reader's own. */
export interface SignalRow {
  /** The stored record, encoded, not decoded or checked. */
  readonly record: Uint8Array;
  /**
   * The stored lease, unchecked; see `isLease`. `undefined` when the row never had one. A missing part reads
   * as −1 or as an empty text.
   */
  readonly lease: Lease | undefined;
}

/**
 * Reads of records with their leases. An absent row is `undefined`. A row whose record is not bytes throws
 * `CorruptError`.
 */
export interface SignalRowReads {
  /** The session of one address with its lease. */
  loadSessionRow(address: string): Promise<SignalRow | undefined>;
  /** In the order of `addresses`, in as few queries as the backend's limits allow. */
  loadSessionRows(addresses: readonly string[]): Promise<(SignalRow | undefined)[]>;
  /** The sender key under one sender key name with its lease. */
  loadSenderKeyRow(name: string): Promise<SignalRow | undefined>;
  /** In the order of `names`, in as few queries as the backend's limits allow. */
  loadSenderKeyRows(names: readonly string[]): Promise<(SignalRow | undefined)[]>;
}

/** The table of a record. */
export type SignalRecordStore = "session" | "senderKey";

/**
 * The reason why a stored record cannot be used.
 *
 * - `undecodable`: its bytes are not a record.
 * - `wrong-length`: a key in it has an invalid length.
 * - `lease`: its lease is malformed. The record itself may be valid.
 */
export type QuarantineReason = "undecodable" | "wrong-length" | "lease";

/** Quarantines an unusable record. Another write of the same commit removes or replaces its row. */
export interface QuarantinePut {
  /** Discriminant of the write. */
  readonly kind: "quarantine.put";
  /** The table in which the record was found. */
  readonly store: SignalRecordStore;
  /** A Signal address, or a sender key name. */
  readonly address: string;
  /** The stored bytes, unchanged. */
  readonly record: Uint8Array;
  /** The reason why it could not be used. */
  readonly reason: QuarantineReason;
}

/** A quarantined record. */
export interface QuarantinedRecord {
  /** The table in which the record was found. */
  readonly store: SignalRecordStore;
  /** The Signal address, or the sender key name, under which it was stored. */
  readonly address: string;
  /** The reason why it could not be used. */
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

/** Whether a stored lease is well-formed. A malformed one makes its row unreadable. */
export function isLease(lease: Lease): boolean {
  return passes(checkLease, lease);
}
