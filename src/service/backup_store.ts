/** A backup in a store. */
export interface BackupKey {
  /** Name of the account. */
  readonly account: string;
  /** Clock time in milliseconds. */
  readonly madeAtMs: number;
}

/** Takes the next bytes of a backup. Settles when there is room for more. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>;

/** Where scheduled backups are kept. */
export interface BackupStore {
  /** When the whole backups of an account were made, in ascending order. */
  list(account: string): Promise<readonly number[]>;
  /**
   * Stores what `fill` writes. The backup is in the list when this resolves. If `fill` or the store fails,
   * nothing of it is left.
   */
  write(key: BackupKey, fill: (write: WriteBytes) => Promise<void>): Promise<void>;
  delete(key: BackupKey): Promise<void>;
}
