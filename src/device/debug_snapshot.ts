import type { Backend, DatabaseSnapshot, RedactedDevice, RedactedRow, Write } from "../backend/mod.ts";
import type { Host } from "../ports/mod.ts";

/** What a debug snapshot holds: counts, sizes, ids and times, never keys, tokens, records or payloads. */
export interface DebugSnapshot {
  /** The name that the caller has passed to `createSnapshot`. */
  readonly name: string;
  /** Clock time in milliseconds. */
  readonly takenAtMs: number;
  /** The device in memory, without keys, tokens and signatures. */
  readonly device: RedactedDevice;
  /** Rows and bytes of each table of the account. */
  readonly database: DatabaseSnapshot;
  /**
   * Every row of this account, of no other, with the lengths of its bytes in their place. Read page by page
   * while the sink iterates, once, and only until the sink has settled.
   */
  readonly rows: AsyncIterable<RedactedRow>;
  /** The bytes that the caller gave, as they were: what is in them is the caller's business. */
  readonly extra: Uint8Array | undefined;
}

/** An open account as a backup reads it. */
export interface BackupSource {
  /** Clock and logger of the account. */
  readonly host: Host;
  /** The stores of the account, through its commit queue. */
  readonly store: Backend;
  /** Writes everything that is dirty. */
  flush(): Promise<unknown>;
  /** See `Account.followCommits`. */
  followCommits(follower: (writes: readonly Write[] | undefined) => void): () => void;
}

/** A snapshot with secrets: what is needed to make a backup. */
export interface SnapshotBackup {
  /** The name that the caller has passed to `createSnapshot`. */
  readonly name: string;
  /** Clock time in milliseconds. */
  readonly takenAtMs: number;
  /** The bytes that the caller gave, unchanged. */
  readonly extra: Uint8Array | undefined;
  /** For `backupAccount` of the subpath `transfer`. */
  readonly account: BackupSource;
}

/**
 * Keeps a snapshot: writes a file, uploads, attaches it to a report. The snapshot and its bytes belong to it.
 * `snapshotFolder` of the subpath `transfer` makes one.
 */
export interface SnapshotSink {
  (snapshot: DebugSnapshot): void | Promise<void>;
  /** Keeps a snapshot with secrets. Without it the sink takes none. */
  readonly backup?: ((backup: SnapshotBackup) => void | Promise<void>) | undefined;
}
