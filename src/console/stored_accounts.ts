import type { Backend } from "../backend/mod.ts";

/** What is stored of an account besides its rows. None of it is a value that can be sealed. */
export interface StoredAccount {
  /** The stored owner; `undefined` when the account was never owned. */
  readonly owner: string | undefined;
  readonly epoch: number;
  readonly pn: string | undefined;
  readonly hasDevice: boolean;
  readonly isSealed: boolean;
  readonly quarantined: number;
  /** Whether a stored text is damaged. */
  readonly isDamaged: boolean;
}

/** Rows of an account that are counted. */
export interface StoredCounts {
  readonly preKeys: number;
  readonly preKeysNotUploaded: number;
  readonly leasedSessions: number;
  readonly leasedSenderKeys: number;
}

/** Reads of many accounts, each in one statement. They take no ownership and write nothing. */
export interface StoredReads {
  /** Names in ascending order, without accounts that are set aside. */
  listNames(
    after: string | undefined,
    limit: number,
  ): Promise<{ readonly names: readonly string[]; readonly next: string | undefined }>;
  /** Those that are not stored are left out. */
  overview(names: readonly string[]): Promise<ReadonlyMap<string, StoredAccount>>;
  count(account: string): Promise<StoredCounts>;
}

/** One look at a database. It is short: over a file its reads are one transaction. */
export interface DatabaseLook extends AsyncDisposable {
  readonly schema: { readonly version: number; readonly newest: number };
  readonly stored: StoredReads;
  /** The reads of one account. @throws {SealedError} When it is sealed and its key is missing. */
  reads(account: string): Promise<Backend>;
}

/** A database that is looked at. */
export interface LookedDatabase {
  /** Whether there are keys for accounts that are sealed. */
  readonly hasKeys: boolean;
  look(): Promise<DatabaseLook>;
}
