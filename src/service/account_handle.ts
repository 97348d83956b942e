import type { DatabaseSnapshot } from "../backend/mod.ts";
import type { DeviceCommand, RedactedDevice } from "../device/mod.ts";
import type { CallAnswer, CallScope } from "../protocol/mod.ts";
import type { AccountStats, FlushSummary } from "./account_stats.ts";
import type { Admission, Registry } from "./registry.ts";

/** Options of `AccountHandle.snapshot`. */
export interface SnapshotOptions {
  /** Whether the snapshot contains private keys. */
  readonly unredacted: boolean;
}

/** State of an account for debugging. */
export interface AccountSnapshot {
  /** Clock time in milliseconds. */
  readonly takenAtMs: number;
  /** The device without keys and tokens. `undefined` while the account has none. */
  readonly device: RedactedDevice | undefined;
  /** The whole device with its private keys, bytes in base64. Left out of a redacted snapshot. */
  readonly secrets?: Readonly<Record<string, unknown>> | undefined;
  /** Rows and bytes of each table of the account. */
  readonly database: DatabaseSnapshot;
  /** The statistics of the account, read after the rows. */
  readonly stats: AccountStats;
}

/**
 * The operations on one account. Routes, documents and forwarders derive from their rows in
 * `ACCOUNT_OPERATIONS`.
 *
 * Operations that read do not take the ownership of the account: a client that owns it continues undisturbed.
 */
export interface AccountHandle {
  /** Returns the current device, redacted, or `undefined` while the account has none. */
  device(): Promise<RedactedDevice | undefined>;
  /**
   * Applies commands, all or none, and resolves when they are durable. Takes the ownership of the account if
   * the service does not have it: the next commit of another owner is fenced.
   */
  commandDevice(commands: readonly DeviceCommand[]): Promise<FlushSummary>;
  /** Saves dirty state, if the service holds the account open. */
  flush(): Promise<FlushSummary>;
  /** Statistics of the account. Opens nothing. */
  stats(): Promise<AccountStats>;
  /** A snapshot of the account. Opens nothing. Contains private keys only with `unredacted`. */
  snapshot(options: SnapshotOptions): Promise<AccountSnapshot>;
  /**
   * Answers a call of the commit protocol from the bare backend, under the caller's guard.
   *
   * @param body The encoded call. Only the protocol reads it.
   * @throws {TypeError | RangeError} When the body is malformed. Nothing was changed.
   */
  call(body: Uint8Array, scope: CallScope): Promise<CallAnswer>;
  /**
   * Deletes all state of the account, and what is set aside under its name. Does nothing if its name belongs to
   * a later account. Idempotent.
   */
  deleteAccount(): Promise<void>;
}

/**
 * The accounts that the HTTP application serves. `objectAccounts` forwards to Durable Objects, and
 * `LocalAccounts` keeps accounts open in this process.
 */
export interface AccountService {
  /** Names of accounts, and hashes of tokens. */
  readonly registry: Registry;
  /**
   * Returns the account of this name. It is opened by its first use.
   *
   * @param registeredAtMs When the account was registered. Distinguishes the account from earlier and later
   *   ones of the same name. An operation on a deleted account is refused and leaves nothing behind.
   * @param limits What the account may store and how often it may be asked. Defaults to no limits.
   */
  account(name: string, registeredAtMs: number, limits?: Admission["limits"]): AccountHandle;
  /**
   * Admits a request for an account, with a body of this many bytes, until `leave` is called. `addItems`
   * counts what is decoded of it. Left out by a host that bounds its requests itself.
   *
   * @param limits The limits of the account. A request without them is not counted.
   * @throws {LimitError} When too much is in flight, or too many requests have come. Nothing was carried out.
   */
  enter?(
    name: string,
    bodyBytes: number,
    limits?: Admission["limits"],
  ): { addItems(count: number): void; leave(): void };
}
