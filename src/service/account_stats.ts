import type { ErrorSummary, SaveState } from "../write_behind/mod.ts";
import type { Admission } from "./registry.ts";

/** Result of a flush that a client asked for. */
export interface FlushSummary {
  /** Whether the service holds the account open. If not, there was nothing to save. */
  readonly open: boolean;
  /** Items that became durable. */
  readonly committed: number;
  /** Items that the backend refused. They are still dirty. */
  readonly isolated: number;
  /** Rows that changed. */
  readonly rows: number;
  /** Milliseconds. */
  readonly durationMs: number;
}

/** Duration of the flushes since the account was opened, in milliseconds. */
export interface FlushLatency {
  /** Number of flushes. */
  readonly count: number;
  /** The latest flush. */
  readonly lastMs: number;
  /** The mean of all flushes. */
  readonly meanMs: number;
  /** The longest flush. */
  readonly maxMs: number;
}

/** State of the background saver. */
export interface SaverSummary {
  /** State of the engine; see `SaveState`. */
  readonly state: SaveState;
  /** Failures since the last commit that succeeded. */
  readonly consecutiveFailures: number;
  /** The latest failure, kept until a commit succeeds. */
  readonly lastError?: ErrorSummary | undefined;
  /** Clock time in milliseconds of the last commit that succeeded. */
  readonly lastSuccessAtMs?: number | undefined;
  /** Clock time in milliseconds of the last commit that failed. */
  readonly lastFailureAtMs?: number | undefined;
  /** Clock time in milliseconds of the next retry, while saving fails or is halted. */
  readonly retryAtMs?: number | undefined;
  /** Items that the backend refused. */
  readonly isolated: number;
  /** Writers that wait until less is dirty. */
  readonly waitingWriters: number;
}

/** Hits and misses of the Signal cache. */
export interface CacheSummary {
  /** Reads that were answered from memory. */
  readonly hits: number;
  /** Reads that had to wait for the store. */
  readonly misses: number;
  /** `hits / (hits + misses)`, 0 before the first read. */
  readonly hitRatio: number;
  /** Entries whose gate is closed. A ciphertext made with them must not be sent yet. */
  readonly gated: number;
}

/** Statistics of an account that the service holds open. */
export interface OpenAccountStats {
  /** What is not durable yet. */
  readonly dirty: {
    /** Items that must be saved within the interval. */
    readonly must: number;
    /** Items that are saved with the next commit. */
    readonly may: number;
    readonly bytes: number;
    /** Milliseconds. */
    readonly oldestAgeMs?: number | undefined;
  };
  /** Commits since the account was opened, and the rows that they changed. */
  readonly commits: number;
  /** Rows that the commits have changed, as the backend counts them. */
  readonly rowsWritten: number;
  /** Commits whose answer was lost. */
  readonly ambiguous: number;
  /** How long flushes have taken. */
  readonly flush: FlushLatency;
  /** State of the background saver. */
  readonly saver: SaverSummary;
  /** Left out if the account has no Signal cache. */
  readonly cache?: CacheSummary | undefined;
}

/** Scheduled backups of an account. */
export interface BackupStats {
  /** Failures since the last backup. */
  readonly failures: number;
  /** Clock time in milliseconds at which the newest backup was made. */
  readonly lastSuccessAtMs?: number | undefined;
  /** Clock time in milliseconds of the latest failure. */
  readonly lastFailureAtMs?: number | undefined;
  /** The latest failure, also when a backup has succeeded since. */
  readonly lastError?: ErrorSummary | undefined;
}

/** Statistics of an account. */
export interface AccountStats {
  /** Whether the service holds the account open: for a command, or for a client that runs beside it. */
  readonly open: boolean;
  /** Left out while the account is not open. */
  readonly account?: OpenAccountStats | undefined;
  /** When the account's alarm is due, in milliseconds. Left out if there is no alarm. */
  readonly nextAlarmAtMs?: number | undefined;
  /** Left out where the service makes no backups. */
  readonly backups?: BackupStats | undefined;
  /** The limits that hold for the account. Left out if there are none. */
  readonly limits?: Admission["limits"];
  /** What it has stored. Left out where that is not limited. */
  readonly stored?:
    | {
        /** Bytes of values; on a Durable Object, of its whole database. */
        readonly bytes: number;
        /** Left out on a Durable Object whose rows are not limited. */
        readonly rows?: number | undefined;
      }
    | undefined;
  /** The limit, such as `maxBytes`, that refused the last write that would have stored more. */
  readonly refusedBy?: string | undefined;
}
