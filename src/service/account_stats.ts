import type { ErrorSummary, SaveState } from "../write_behind/mod.ts";

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
  readonly count: number;
  readonly lastMs: number;
  readonly meanMs: number;
  readonly maxMs: number;
}

/** State of the background saver. */
export interface SaverSummary {
  readonly state: SaveState;
  readonly consecutiveFailures: number;
  readonly lastError?: ErrorSummary | undefined;
  /** Clock times in milliseconds. */
  readonly lastSuccessAtMs?: number | undefined;
  readonly lastFailureAtMs?: number | undefined;
  readonly retryAtMs?: number | undefined;
  /** Items that the backend refused. */
  readonly isolated: number;
  readonly waitingWriters: number;
}

/** Hits and misses of the Signal cache. */
export interface CacheSummary {
  readonly hits: number;
  readonly misses: number;
  /** `hits / (hits + misses)`, 0 before the first read. */
  readonly hitRatio: number;
  /** Entries whose gate is closed. A ciphertext made with them must not be sent yet. */
  readonly gated: number;
}

/** Statistics of an account that the service holds open. */
export interface OpenAccountStats {
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
  readonly rowsWritten: number;
  /** Commits whose answer was lost. */
  readonly ambiguous: number;
  readonly flush: FlushLatency;
  readonly saver: SaverSummary;
  /** Left out if the account has no Signal cache. */
  readonly cache?: CacheSummary | undefined;
}

/** Scheduled backups of an account. */
export interface BackupStats {
  /** Failures since the last backup. */
  readonly failures: number;
  /** When the newest backup was made. Clock times in milliseconds. */
  readonly lastSuccessAtMs?: number | undefined;
  readonly lastFailureAtMs?: number | undefined;
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
}
