import type { BackupStats } from "../service/mod.ts";

/** A backup that is kept. */
export interface KeptBackup {
  readonly name: string;
  readonly atMs: number;
  readonly bytes: number;
}

/** The scheduled backups of a service, as the console uses them. */
export interface KeptBackups {
  /** In ascending order of their time. */
  list(account: string): Promise<readonly KeptBackup[]>;
  /** `undefined` before the account was looked at. */
  stats(account: string): BackupStats | undefined;
  dueAtMs(account: string): number | undefined;
  /** Makes one now. @returns Its name; `undefined` for an account that has no device yet. */
  make(account: string): Promise<string | undefined>;
  /** The file of a backup; `undefined` when there is none of this name. */
  read(account: string, name: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  readonly passphrase: string | undefined;
}
