/** What a token allows. */
export type Permission =
  /** The account that it is for: the commit protocol, its device, its numbers, redacted snapshots. */
  | "account"
  /** Snapshots with private keys in them, of the account that it is for. */
  | "unredacted"
  /** Every account, their creation and deletion, and tokens. */
  | "admin";

/** All permissions. */
export const PERMISSIONS: readonly Permission[] = ["account", "unredacted", "admin"];

/** A token as it is kept: what would let somebody in is hashed. */
export interface StoredToken {
  /** Names it in lists and when it is revoked. Part of the token and no secret. */
  readonly id: string;
  /** SHA-256 of the whole token, 32 bytes. */
  readonly hash: Uint8Array;
  /** The account that it is for; all of them when `undefined`. */
  readonly account: string | undefined;
  readonly permissions: readonly Permission[];
  /** What people call it. */
  readonly label: string;
  /** Clock time in milliseconds. */
  readonly createdAtMs: number;
}

/** Whether a name is an account of the service. `deleting`: its state may be half gone. */
export type AccountState = "absent" | "present" | "deleting";

/** An account of the service. */
export interface RegisteredAccount {
  readonly name: string;
  /** Clock time in milliseconds. */
  readonly createdAtMs: number;
  /** Set while it is being deleted: a deletion that failed is to be asked for again. Left out otherwise. */
  readonly deleting?: true | undefined;
}

/** What decides whether a request may pass. */
export interface Admission {
  readonly token: StoredToken | undefined;
  readonly account: AccountState;
  /**
   * When the account was registered, in milliseconds; `undefined` when there is none. Each registration has a later time than all before
   * it, whatever the clock says: it tells an account from an earlier one of its name.
   */
  readonly registeredAtMs: number | undefined;
}

/** A page of a list in ascending order of names or ids. */
export interface Page {
  /** What comes after this. From the beginning when `undefined`. */
  readonly after: string | undefined;
  readonly limit: number;
}

/**
 * Names of accounts, and hashes of tokens. What it has written is durable when it resolves.
 *
 * Names and ids are compared byte by byte: neither case nor normalisation makes two of them one.
 */
export interface Registry {
  /** Looks up a token by its id and an account by its name, in one round trip. */
  admit(tokenId: string | undefined, account: string | undefined): Promise<Admission>;
  listAccounts(page: Page): Promise<RegisteredAccount[]>;
  /** Registers an account, at a later time than all before it. @returns Its state before. Only an absent one is registered. */
  addAccount(name: string): Promise<AccountState>;
  /**
   * Revokes every token of an account and marks it. Requests for it are refused from then on.
   *
   * @returns Whether there is an account of this registration: a later one of its name is left as it is.
   */
  beginDelete(name: string, registeredAtMs: number): Promise<boolean>;
  /** Forgets an account of this registration that is marked, when its state is gone. */
  endDelete(name: string, registeredAtMs: number): Promise<void>;
  /**
   * Keeps a token, unless its account is not there at this very moment.
   *
   * @throws {LimitError} When its account has too many.
   * @throws {RequestError} With `not-found`, when there is no such account.
   */
  addToken(token: StoredToken): Promise<void>;
  /** Tokens of an account, or all of them. */
  listTokens(account: string | undefined, page: Page): Promise<StoredToken[]>;
  /** @returns Whether there was such a token. */
  revokeToken(id: string): Promise<boolean>;
}
