/** A permission of a token. */
export type Permission =
  /** Use of the token's account: the commit protocol, its device, its statistics, redacted snapshots. */
  | "account"
  /** Deletion of the token's account, by the service or in a commit. `account` does not include it. */
  | "erase"
  /** Snapshots of the token's account that contain private keys. */
  | "unredacted"
  /** Creation, list, statistics and deletion of every account, and tokens. No use of an account. */
  | "admin";

/** All permissions. */
export const PERMISSIONS: readonly Permission[] = ["account", "erase", "unredacted", "admin"];

/** A token as the registry stores it, without its secret. */
export interface StoredToken {
  /** Identifies the token in lists and when it is revoked. It is part of the token and not secret. */
  readonly id: string;
  /** SHA-256 of the whole token, 32 bytes. */
  readonly hash: Uint8Array;
  /** The account that the token is for, or `undefined` for all of them. */
  readonly account: string | undefined;
  /** What the bearer may do. */
  readonly permissions: readonly Permission[];
  /** A name for people. */
  readonly label: string;
  /** Clock times in milliseconds. */
  readonly createdAtMs: number;
  /** When the token ends to be valid. Never, if `undefined`. */
  readonly expiresAtMs?: number | undefined;
  /** When it was used, to within an hour. `undefined` before its first use. */
  readonly lastUsedAtMs?: number | undefined;
}

/**
 * Whether a name is an account of the service. The state of an account that is `deleting` may be incomplete.
 */
export type AccountState = "absent" | "present" | "deleting";

/** An account of the service. */
export interface RegisteredAccount {
  /** The name under which it is opened and addressed. */
  readonly name: string;
  /** Clock time in milliseconds. */
  readonly createdAtMs: number;
  /**
   * Set while the account is being deleted, also after a failed deletion, which can be repeated. Left out
   * otherwise.
   */
  readonly deleting?: true | undefined;
  /** Its limits: in a registry those that were set for it, in the answer of a service those that hold. */
  readonly limits?: Admission["limits"];
}

/** The registry's entries for a token and an account. */
export interface Admission {
  /** `undefined` if it is not known or has expired. */
  readonly token: StoredToken | undefined;
  /** Whether the account is there. */
  readonly account: AccountState;
  /**
   * When the account was registered, in milliseconds. `undefined` if there is no account. Each registration
   * has a later time than all before it, even if the clock steps back, so the time distinguishes accounts of
   * the same name.
   */
  readonly registeredAtMs: number | undefined;
  /** The limits that an administrator has set for the account. None, if left out. */
  readonly limits?:
    | {
        /** Most bytes that it may store. */
        readonly maxBytes?: number | undefined;
        /** Most rows that it may store. */
        readonly maxRows?: number | undefined;
        /** Most requests in a minute. Up to that many may come at once. */
        readonly requestsPerMinute?: number | undefined;
      }
    | undefined;
}

/** A page of a list in ascending order of names or ids. */
export interface Page {
  /** The last name or id of the page before. `undefined` for the first page. */
  readonly after: string | undefined;
  /** Most entries of the page, 1 or more. */
  readonly limit: number;
}

/**
 * Names of accounts, and hashes of tokens. A change is durable when its method resolves.
 *
 * Names and ids are compared byte by byte, without folding case or normalising.
 */
export interface Registry {
  /**
   * Looks up a token by its id and an account by its name, in one round trip.
   *
   * @param hash SHA-256 of the caller's token. If it is that of the stored token, this is a use of it. The
   *   caller compares the two by itself.
   */
  admit(tokenId: string | undefined, account: string | undefined, hash?: Uint8Array): Promise<Admission>;
  /** Lists accounts in ascending order of their names, those that are being deleted included. */
  listAccounts(page: Page): Promise<RegisteredAccount[]>;
  /**
   * Replaces the limits of the account with this registration time. Does nothing when there is none. They hold
   * from the next request on.
   */
  limitAccount(name: string, registeredAtMs: number, limits: Admission["limits"]): Promise<void>;
  /** Registers an account if it is absent, at a later time than all before it. @returns Its state before. */
  addAccount(name: string): Promise<AccountState>;
  /**
   * Revokes every token of an account and marks it as being deleted. Requests for it are refused from then
   * on.
   *
   * @returns Whether there is an account with this registration time. A later one of the same name is not
   * changed.
   */
  beginDelete(name: string, registeredAtMs: number): Promise<boolean>;
  /** Removes a marked account with this registration time. Its state must be deleted before. */
  endDelete(name: string, registeredAtMs: number): Promise<void>;
  /**
   * Stores a token, if its account is present at that moment.
   *
   * @throws {LimitError} When the account has too many tokens.
   * @throws {ServiceError} `not-found`, when there is no such account.
   */
  addToken(token: StoredToken): Promise<void>;
  /** Lists the tokens of an account, or all tokens. */
  listTokens(account: string | undefined, page: Page): Promise<StoredToken[]>;
  /** Removes a token. @returns Whether it existed. */
  revokeToken(id: string): Promise<boolean>;
  /**
   * Adds an action of an administrator to the list, which keeps the newest 100,000. Called before the action
   * is carried out, and again with its outcome. Actions of one key are one entry, which counts how often it was
   * called without an outcome; the outcome is `done` once one of them is.
   *
   * @param action `by` is the id of a token, `subject` what the action is about beside the account.
   */
  recordAction(action: {
    readonly key: string;
    readonly atMs: number;
    readonly by: string;
    readonly action: string;
    readonly account?: string | undefined;
    readonly subject?: string | undefined;
    readonly outcome?: string | undefined;
  }): Promise<void>;
  /** Lists actions, the newest first. Without an outcome it is not known whether one was carried out. */
  listActions(page: Page): Promise<
    {
      readonly id: number;
      readonly atMs: number;
      readonly by: string;
      readonly action: string;
      readonly account?: string | undefined;
      readonly subject?: string | undefined;
      readonly outcome?: string | undefined;
      /** How often, if more than once. */
      readonly times?: number | undefined;
    }[]
  >;
}
