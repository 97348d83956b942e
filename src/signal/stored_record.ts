import {
  isLease,
  type Lease,
  type QuarantineReason,
  type SignalRecordStore,
  type SignalRow,
} from "../backend/mod.ts";
import { CorruptError, WrongLengthError } from "../errors/mod.ts";
import type { LiveRecordCodec, SendingChain } from "../ratchet/mod.ts";
import { CounterLease, MAX_BURNED_KEYS } from "./counter_lease.ts";
import { epochOfIncarnation } from "./incarnation.ts";

/**
 * Result of opening a stored row.
 *
 * - `usable`: a record; keys that may have been used are burned.
 * - `closed`: too many keys would have to be burned. `value` no longer sends.
 * - `unreadable`: the row is invalid.
 * - `outdated`: written before a restore, when the messages sent since then are unknown. `value` no longer
 *   sends.
 */
export type OpenedRecord<T> =
  | {
      readonly kind: "usable";
      readonly value: T;
      readonly lease: CounterLease | undefined;
      readonly burnedKeys: number;
    }
  | { readonly kind: "closed"; readonly value: T; readonly burned: number }
  | { readonly kind: "unreadable"; readonly reason: QuarantineReason }
  | { readonly kind: "outdated"; readonly value: T };

/** Parameters of {@link openStoredRecord}. */
export interface OpeningRules<T> {
  readonly store: SignalRecordStore;
  readonly codec: LiveRecordCodec<T>;
  /** Incarnation of the reading cache. */
  readonly incarnation: string;
  /** Rows of earlier restore epochs are outdated; 0 when there was no restore. */
  readonly restoreEpoch: number;
}

/** Decodes a stored row and burns keys that may have been used. */
export function openStoredRecord<T>(row: SignalRow, rules: OpeningRules<T>): OpenedRecord<T> {
  const { codec, store } = rules;
  const { lease } = row;
  if (lease !== undefined && !isLease(lease)) return { kind: "unreadable", reason: "lease" };
  let value: T;
  try {
    value = codec.decode(row.record);
  } catch (error) {
    if (error instanceof WrongLengthError) return { kind: "unreadable", reason: "wrong-length" };
    if (error instanceof CorruptError) return { kind: "unreadable", reason: "undecodable" };
    throw error;
  }
  const chain = codec.sendingChain(value);
  if (isOutdated(lease, rules.restoreEpoch) && (chain !== undefined || store === "session")) {
    codec.close(value);
    return { kind: "outdated", value };
  }
  if (chain === undefined) {
    const idle = store === "session" ? new CounterLease(undefined, 0, 0) : undefined;
    return { kind: "usable", value, lease: idle, burnedKeys: 0 };
  }
  if (lease === undefined) return usable(value, new CounterLease(chain, chain.next, 0));
  if (lease.incarnation === rules.incarnation) {
    return usable(value, new CounterLease(chain, lease.reservedUntil, lease.burned));
  }
  return burn(value, chain, lease, codec);
}

function usable<T>(value: T, lease: CounterLease): OpenedRecord<T> {
  return { kind: "usable", value, lease, burnedKeys: 0 };
}

/** Another incarnation may have used every counter below the bound. */
function burn<T>(value: T, chain: SendingChain, lease: Lease, codec: LiveRecordCodec<T>): OpenedRecord<T> {
  const burnedKeys = Math.max(0, lease.reservedUntil - chain.next);
  const burned = lease.burned + burnedKeys;
  if (burnedKeys > 0 && burned >= MAX_BURNED_KEYS) {
    codec.close(value);
    return { kind: "closed", value, burned };
  }
  codec.fastForward(value, chain.id, lease.reservedUntil);
  const next = chain.next + burnedKeys;
  const forwarded = new CounterLease({ ...chain, next }, next, burned);
  return { kind: "usable", value, lease: forwarded, burnedKeys };
}

function isOutdated(lease: Lease | undefined, restoreEpoch: number): boolean {
  if (restoreEpoch === 0) return false;
  return lease === undefined || epochOfIncarnation(lease.incarnation) < restoreEpoch;
}
