import type { HashState } from "../records/mod.ts";
import type { AppSyncReads, AppSyncStore, CollectionName } from "./app_sync_store.ts";
import type { DeviceReads, DeviceStore } from "./device_store.ts";
import type { ProtocolReads, ProtocolStore } from "./protocol_store.ts";
import type { SignalReads, SignalStore } from "./signal_store.ts";
import type { Write } from "./write.ts";

/** What a backend can do, read by callers and by the conformance kit alike. */
export interface Capabilities {
  /** Whether a commit is applied as a whole or not at all. */
  readonly atomicCommit: boolean;
  /**
   * Whether a commit's guard is checked in the same transaction as its writes. Without it two owners can
   * interleave.
   */
  readonly fencing: boolean;
  /** Whether what was committed survives a crash from the moment when `commit` resolves. */
  readonly durableOnResolve: boolean;
  /**
   * Most bytes of one stored value (key, record, payload, device row); longer ones are refused before any
   * write.
   */
  readonly maxValueBytes: number;
  /** Most parameters that one statement can bind, for backends that have such a limit. */
  readonly maxParameters: number | undefined;
}

/**
 * `maxValueBytes` of a backend that knows no limit of its own: the largest row of a Durable Object, the
 * smallest limit among the platforms that are known.
 */
export const DEFAULT_MAX_VALUE_BYTES = 2_000_000;

/**
 * Who may write. A commit with a guard is applied only when the stored owner is `owner` and the stored epoch
 * lies in `minEpoch … maxEpoch` (inclusive); it then stores `next`, if given, in the same transaction.
 */
export interface OwnerGuard {
  /**
   * The token of an opening, up to 64 characters; `undefined` stands for an account that was never owned
   * (epoch 0).
   */
  readonly owner: string | undefined;
  readonly minEpoch: number;
  readonly maxEpoch: number;
  readonly next?: OwnerState | undefined;
}

/** The stored owner of an account. */
export interface OwnerState {
  /**
   * Drawn at random by each opening, so that equal epochs of two databases or two openings are never
   * confused.
   */
  readonly owner: string;
  /** Only ever grows, 0 … 2^53−1. */
  readonly epoch: number;
}

/** Options of a commit. */
export interface CommitOptions {
  /** The condition under which the commit may be applied. Without it the commit is unconditional. */
  readonly guard?: OwnerGuard | undefined;
  /**
   * Whether the caller has checked the writes with `validateWrite` against these capabilities, and the guard.
   * A backend of `createBackend` then does not check them again: a commit is checked once, where it is made.
   * A wrapper passes it on.
   */
  readonly checked?: boolean | undefined;
}

/**
 * The part of the contract that commits. `commit` applies `writes` in order, all or nothing (see
 * `capabilities.atomicCommit`), in one round trip, and resolves with the number of rows that each write
 * changed.
 *
 * - It may be called while another call is under way; the backend orders them.
 * - The writes and their bytes belong to the backend until the promise settles.
 * - It rejects with `FencedError` when the guard does not hold, `RefusedError` when a write can never be
 *   accepted, `BusyError` or `BackendError` when nothing was applied and a retry is right, `AmbiguousError`
 *   when the answer was lost.
 */
export interface Committer {
  commit(writes: readonly Write[], options?: CommitOptions): Promise<number[]>;
  /** The stored owner, `undefined` when the account was never owned. */
  readOwner(): Promise<OwnerState | undefined>;
  readonly capabilities: Capabilities;
  /** Releases connections. What was committed stays. Idempotent. Later calls reject with `ClosedError`. */
  close(): Promise<void>;
}

/** The reads of a backend, and the registration of its account. */
export interface BackendReads extends SignalReads, AppSyncReads, ProtocolReads, DeviceReads {
  /** See `DeviceStore.create`. */
  create(): Promise<number>;
}

/** The name of a read. */
export type ReadMethod = keyof BackendReads;

/**
 * What the author of a backend writes: the reads, and one `commit`. `createBackend` makes a `Backend` of it.
 */
export interface BackendCore extends Omit<BackendReads, "getVersion">, Committer {
  /** `undefined` when the collection was never seen. */
  getVersion(name: CollectionName): Promise<HashState | undefined>;
}

/**
 * A backend, scoped to one account: whatever has the four stores and can commit is one.
 * Setters of the four stores are unconditional commits of one write.
 */
export interface Backend extends SignalStore, AppSyncStore, ProtocolStore, DeviceStore, Committer {}
