import type { HashState } from "../records/mod.ts";
import type { AppSyncReads, AppSyncStore, CollectionName } from "./app_sync_store.ts";
import type { DeviceReads, DeviceStore } from "./device_store.ts";
import type { ProtocolReads, ProtocolStore } from "./protocol_store.ts";
import type { RowReads } from "./row_listing.ts";
import type { SignalReads, SignalStore } from "./signal_store.ts";
import type { Write } from "./write.ts";

/** Guarantees and limits of a backend. Callers and the conformance kit read them. */
export interface Capabilities {
  /** Whether a commit is applied as a whole or not at all. */
  readonly atomicCommit: boolean;
  /**
   * Whether a commit's guard is checked in the same transaction as its writes. Without it two owners can
   * interleave.
   */
  readonly fencing: boolean;
  /** Whether a commit survives a crash once `commit` has resolved. */
  readonly durableOnResolve: boolean;
  /**
   * Maximum bytes of one stored value (key, record, payload, device row). Longer ones are refused before any
   * write.
   */
  readonly maxValueBytes: number;
  /** Maximum parameters of one statement, for backends with such a limit. */
  readonly maxParameters: number | undefined;
  /**
   * Maximum rows of one commit, where each item of a write's lists is a row. A larger commit is refused. No
   * limit if left out.
   */
  readonly maxCommitRows?: number | undefined;
  /** Maximum size of one commit, encoded, in bytes. A larger commit is refused. No limit if left out. */
  readonly maxCommitBytes?: number | undefined;
  /**
   * Maximum keys of one batched read that is sent elsewhere. The backend splits longer reads itself. No limit
   * if left out.
   */
  readonly maxReadKeys?: number | undefined;
  /**
   * Set where commits of several accounts that are sent in one turn of the event loop share a transaction: the
   * background savers of accounts with the same number flush together, at times that are this many
   * milliseconds (0 … 999) after a full second.
   */
  readonly savePhaseMs?: number | undefined;
  /**
   * Whether `readOwner` says of an owned account that it is sealed. Without it, an opening reads one row
   * more.
   */
  readonly tellsSealed?: boolean | undefined;
}

/**
 * `maxValueBytes` of a backend that knows no limit of its own: the largest row of a Durable Object, the
 * smallest limit among the platforms that are known.
 */
export const DEFAULT_MAX_VALUE_BYTES = 2_000_000;

/**
 * The condition for a commit. It is applied only if the stored owner is `owner` and the stored epoch lies in
 * `minEpoch … maxEpoch` (inclusive). It then stores `next`, if set, in the same transaction.
 */
export interface OwnerGuard {
  /**
   * The token of an opening, up to 64 characters. `undefined` for an account that was never owned (epoch 0).
   */
  readonly owner: string | undefined;
  /**
   * Smallest epoch that may be stored, inclusive. Smaller than `maxEpoch` after an answer was lost: that
   * commit may or may not have raised the epoch.
   */
  readonly minEpoch: number;
  /** Greatest epoch that may be stored, inclusive. */
  readonly maxEpoch: number;
  /** The owner that the commit stores. Without it owner and epoch stay as they are. */
  readonly next?: OwnerState | undefined;
  /** Whether the account must have no device: the commit stores its first one. */
  readonly withoutDevice?: boolean | undefined;
}

/** The stored owner of an account. */
export interface OwnerState {
  /** Drawn at random by each opening, which keeps equal epochs of two databases or two openings apart. */
  readonly owner: string;
  /** Only ever grows, 0 … 2^53−1. */
  readonly epoch: number;
  /**
   * Whether the account is encrypted, and the backend has no keys. Part of answers alone, and only of a
   * backend with `capabilities.tellsSealed`.
   */
  readonly sealed?: boolean | undefined;
}

/** Options of a commit. */
export interface CommitOptions {
  /** The condition under which the commit may be applied. Without it the commit is unconditional. */
  readonly guard?: OwnerGuard | undefined;
  /**
   * Whether the caller has checked the writes with `validateWrite` against these capabilities, and the guard.
   * A backend of `createBackend` then does not check them again. Wrappers must pass the option on.
   */
  readonly checked?: boolean | undefined;
}

/**
 * The part of the contract that commits. `commit` applies `writes` in order, all or nothing (see
 * `capabilities.atomicCommit`), in one round trip, and resolves with the number of rows that each write
 * changed.
 *
 * - It may be called during another call. The backend orders them.
 * - The writes and their bytes belong to the backend until the promise settles.
 * - It rejects with `FencedError` when the guard does not hold, `RefusedError` when a write can never be
 *   accepted, `BusyError` or `BackendError` when nothing was applied and a retry is useful, `AmbiguousError`
 *   when the answer was lost.
 */
export interface Committer {
  /**
   * Applies the writes as one commit. Resolves once it is durable, if `capabilities.durableOnResolve`, with
   * the rows that each write changed, in order.
   */
  commit(writes: readonly Write[], options?: CommitOptions): Promise<number[]>;
  /** The stored owner, `undefined` when the account was never owned. */
  readOwner(): Promise<OwnerState | undefined>;
  /** What this backend guarantees, and its limits. Constant while it is open. */
  readonly capabilities: Capabilities;
  /** Releases connections. Keeps all commits. Idempotent. Later calls reject with `ClosedError`. */
  close(): Promise<void>;
}

/** The reads of a backend, and the registration of its account. */
export interface BackendReads extends SignalReads, AppSyncReads, ProtocolReads, DeviceReads, RowReads {
  /** See `DeviceStore.create`. */
  create(): Promise<number>;
}

/** The name of a read. */
export type ReadMethod = keyof BackendReads;

/**
 * The part of a backend that its author implements: the reads and one `commit`. `createBackend` makes a
 * `Backend` of it.
 */
export interface BackendCore extends Omit<BackendReads, "getVersion">, Committer {
  /** `undefined` when the collection is unknown. */
  getVersion(name: CollectionName): Promise<HashState | undefined>;
}

/**
 * A backend, scoped to one account: any object with the four stores and `commit`. Each setter of the stores
 * is an unconditional commit of one write.
 */
export interface Backend extends SignalStore, AppSyncStore, ProtocolStore, DeviceStore, RowReads, Committer {
  /**
   * Only of backends that are far away: the backend as one opening of its account uses it, in fewer round
   * trips. Until a commit takes the ownership, `readOwner` and `exists` may answer what was stored when the
   * backend was opened: the guard of that commit fails if it is not true any more. After it, each read that an
   * opening makes may answer once what was stored right after that commit.
   */
  opening?(): Backend;
}
