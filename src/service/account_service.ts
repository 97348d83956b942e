import type { DatabaseSnapshot } from "../backend/mod.ts";
import type { DeviceCommand, RedactedDevice } from "../device/mod.ts";
import type { CallAnswer, CallScope } from "../protocol/mod.ts";
import type { ErrorSummary, SaveState } from "../write_behind/mod.ts";
import type { Registry } from "./registry.ts";

/** What became of a request to save. */
export interface FlushSummary {
  /** Whether the account is held open by the service. When it is not, there was nothing to save. */
  readonly open: boolean;
  /** Entries that became durable. */
  readonly committed: number;
  /** Entries that the backend refuses, still dirty. */
  readonly isolated: number;
  /** Rows that changed. */
  readonly rows: number;
  /** Milliseconds. */
  readonly durationMs: number;
}

/** How long flushes took since the account was opened, in milliseconds. */
export interface FlushLatency {
  readonly count: number;
  readonly lastMs: number;
  readonly meanMs: number;
  readonly maxMs: number;
}

/** How saving is going. */
export interface SaverSummary {
  readonly state: SaveState;
  readonly consecutiveFailures: number;
  readonly lastError?: ErrorSummary | undefined;
  /** Clock times in milliseconds. */
  readonly lastSuccessAtMs?: number | undefined;
  readonly lastFailureAtMs?: number | undefined;
  readonly retryAtMs?: number | undefined;
  /** Entries that the backend refuses. */
  readonly isolated: number;
  readonly waitingWriters: number;
}

/** How often a cache had what was asked for. */
export interface CacheSummary {
  readonly hits: number;
  readonly misses: number;
  /** `hits / (hits + misses)`, 0 before the first read. */
  readonly hitRatio: number;
  /** Entries whose gate is closed: what they encrypted must not leave yet. */
  readonly gated: number;
}

/** Numbers about an account that the service holds open. */
export interface OpenAccountStats {
  readonly dirty: {
    /** Entries that must be saved within the interval. */
    readonly must: number;
    /** Entries that ride along. */
    readonly may: number;
    readonly bytes: number;
    /** Milliseconds. */
    readonly oldestAgeMs?: number | undefined;
  };
  /** Commits since it was opened, and the rows that they changed. */
  readonly commits: number;
  readonly rowsWritten: number;
  /** Commits whose answer was lost. */
  readonly ambiguous: number;
  readonly flush: FlushLatency;
  readonly saver: SaverSummary;
  /** Left out where nothing is cached. */
  readonly cache?: CacheSummary | undefined;
}

/** Numbers about an account. */
export interface AccountStats {
  /** Whether the service holds it open: a command opened it, or a client that runs beside it. */
  readonly open: boolean;
  /** Left out while it is not open. */
  readonly account?: OpenAccountStats | undefined;
  /** When the account's alarm is due, in milliseconds; left out where it has none. */
  readonly nextAlarmAtMs?: number | undefined;
}

/** A picture of an account for debugging. */
export interface AccountSnapshot {
  /** Clock time in milliseconds. */
  readonly takenAtMs: number;
  /** The device without keys and tokens, `undefined` while it has none. */
  readonly device: RedactedDevice | undefined;
  /** The device with everything, private keys included, bytes in base64. Only when it was asked for unredacted. */
  readonly secrets?: Readonly<Record<string, unknown>> | undefined;
  readonly database: DatabaseSnapshot;
  readonly stats: AccountStats;
}

/**
 * One account behind the service. Reads do not take its ownership: a client that owns the account goes on undisturbed.
 */
export interface AccountHandle {
  /** The device as it is now, redacted; `undefined` while the account has none. */
  device(): Promise<RedactedDevice | undefined>;
  /**
   * Applies commands, all or none, and resolves when they are durable. Takes the ownership of the account unless the
   * service has it already: another owner's next commit is fenced.
   */
  command(commands: readonly DeviceCommand[]): Promise<FlushSummary>;
  /** Saves what is dirty, if the service holds the account open. */
  flush(): Promise<FlushSummary>;
  stats(): Promise<AccountStats>;
  snapshot(options: SnapshotOptions): Promise<AccountSnapshot>;
  /**
   * Answers a call of the commit protocol on the bare backend, under the caller's guard.
   *
   * @throws {TypeError | RangeError} When the body is no call. Nothing was changed.
   */
  answer(body: Uint8Array, scope: CallScope): Promise<CallAnswer>;
  /** Deletes everything of the account, unless there is a later one of its name by now. Idempotent. */
  destroy(): Promise<void>;
}

/** Options of `AccountHandle.snapshot`. */
export interface SnapshotOptions {
  /** Whether private keys are part of it. */
  readonly unredacted: boolean;
}

/**
 * What the HTTP application knows of its host: where names and tokens are kept, and how an account is reached. One
 * implementation forwards to Durable Objects (`objectAccounts`), the other keeps accounts open in this process
 * (`LocalAccounts`).
 */
export interface AccountService {
  /** Names of accounts, and hashes of tokens. */
  readonly registry: Registry;
  /**
   * The account of this name. Nothing is opened before it is used.
   *
   * @param registeredAtMs When it was registered: a request for an account that was deleted meanwhile must leave nothing behind, also
   * where there is a new one of its name.
   */
  account(name: string, registeredAtMs: number): AccountHandle;
}
