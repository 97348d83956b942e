import type { AdvSignedDeviceIdentity, ServerCertChain } from "../records/mod.ts";

/** An X25519 key pair. */
export interface KeyPair {
  /** 32 bytes. */
  readonly privateKey: Uint8Array;
  /** 32 bytes, without the 0x05 prefix. */
  readonly publicKey: Uint8Array;
}

/** Version of the web client that the device claims to be. */
export type AppVersion = readonly [primary: number, secondary: number, tertiary: number];

/** The time until which the server accepts a client version. */
export interface ServerClientExpiration {
  /** Unix seconds. */
  readonly expiresAt: number;
  /** The client version that the time belongs to, as text. */
  readonly version: string;
}

/**
 * The stored device of one account. Each field has its own column in the device table. A field that is
 * missing in an older row reads as its default.
 */
export interface Device {
  /** JID of the phone number, once paired. */
  readonly pn: string | undefined;
  /** JID of the LID, once known. */
  readonly lid: string | undefined;
  /** 1 … 2^31−1. */
  readonly registrationId: number;
  /** X25519 pair of the Noise handshake with the server. */
  readonly noiseKey: KeyPair;
  /** X25519 pair that identifies this device to its peers. */
  readonly identityKey: KeyPair;
  /** X25519 pair of the current signed pre-key. */
  readonly signedPreKey: KeyPair;
  /** 1 … 2^24−1. */
  readonly signedPreKeyId: number;
  /** 64 bytes: XEdDSA by the identity key over 0x05‖public. */
  readonly signedPreKeySignature: Uint8Array;
  /** 32 bytes. */
  readonly advSecretKey: Uint8Array;
  /** Proof of pairing, signed by the primary device; `undefined` before the device is linked. */
  readonly account: AdvSignedDeviceIdentity | undefined;
  /** The name that contacts see; empty until it is set. */
  readonly pushName: string;
  /** Platform of the primary device, such as `android`, once the server told it. */
  readonly platform: string | undefined;
  /** The client version to log in with; `[0, 0, 0]` until it is set. */
  readonly appVersion: AppVersion;
  /** 0 if it was never fetched. */
  readonly appVersionLastFetchedMs: number;
  /** Opaque bytes that the server wants at the beginning of the next connection. */
  readonly edgeRoutingInfo: Uint8Array | undefined;
  /** Hash of the server properties that the client has, to be sent at login. */
  readonly propsHash: string | undefined;
  /** 1 … 2^24−1; 0 is unset and starts at the greatest stored id plus one. */
  readonly nextPreKeyId: number;
  /** 1 … 2^24−1; 0 is unset. */
  readonly firstUnuploadedPreKeyId: number;
  /** Whether an upload of pre-keys was confirmed. A new identity starts at `false`. */
  readonly serverHasPreKeys: boolean;
  /** Salt of NCT tokens, as app state or a history sync brought it. */
  readonly nctSalt: Uint8Array | undefined;
  /** Certificates of the server's Noise key, for a handshake that resumes. */
  readonly serverCertChain: ServerCertChain | undefined;
  /** Number of logins, 0 … 2^32−1. Stays at the greatest. */
  readonly loginCounter: number;
  /**
   * Whether the account was migrated to LIDs, as the client has told. Holdfast stores it and does not act on
   * it.
   */
  readonly lidMigrated: boolean;
  /** 0 if it was never rotated. */
  readonly lastSignedPreKeyRotationMs: number;
  /** Whether the user has switched read receipts off, as the client has told. */
  readonly readReceiptsDisabled: boolean;
  /** Until when the server accepts this client, if it said so. */
  readonly serverClientExpiration: ServerClientExpiration | undefined;
  /** Named opaque bytes of an adapter. */
  readonly extra: ReadonlyMap<string, Uint8Array>;
}

/** One account of a database. */
export interface AccountSummary {
  /** The number that scopes the rows of this account. */
  readonly accountId: number;
  /** The name under which the account is opened. */
  readonly account: string;
  /** JID of the phone number, once paired. */
  readonly pn: string | undefined;
}

/** Rows and bytes of one table, for one account. */
export interface TableSummary {
  /** Name of the table in the backend's own terms. */
  readonly table: string;
  /** Number of rows of this account. */
  readonly rows: number;
  /** Sum of the stored values' lengths, in bytes. */
  readonly bytes: number;
}

/**
 * A debug snapshot of an account's stored state. It holds counts and sizes, never keys, tokens, records or
 * payloads.
 */
export interface DatabaseSnapshot {
  /** The name that the caller has passed to `snapshotDb`. */
  readonly name: string;
  /** The name under which the account is opened. */
  readonly account: string;
  /** The number that scopes the rows of the account; 0 when it is not registered. */
  readonly accountId: number;
  /** Schema of the database. */
  readonly schemaVersion: number;
  /** One entry for each table of accounts, empty tables included. */
  readonly tables: readonly TableSummary[];
  /** The caller's bytes, unchanged. */
  readonly extra: Uint8Array | undefined;
}

/**
 * What an account keeps when it is set aside: `state` all but payloads, `identity` the device, the identities
 * of peers, pre-keys, sync keys and LIDs.
 */
export type SetAsideScope = "state" | "identity";

/** An account that was set aside and can be brought back. */
export interface SetAsideAccount {
  /** 32 lowercase hexadecimal characters. */
  readonly id: string;
  /** The name that it had. */
  readonly account: string;
  /** Whether that is the name of the account that is asked. */
  readonly isOwn: boolean;
  /** The number that scopes its rows. It never changes, and no other account is given it. */
  readonly accountId: number;
  /** Unix seconds. From then on it may be deleted. */
  readonly until: number;
}

/** Reads of the device record. */
export interface DeviceReads {
  /**
   * The stored device, `undefined` when the account has none.
   *
   * @throws {CorruptError | WrongLengthError} When the stored row is damaged. The row is not changed, and a
   *   read error never leads to a new identity.
   */
  load(): Promise<Device | undefined>;
  /** Whether the account has a stored device, readable or not. */
  exists(): Promise<boolean>;
  /** All accounts of the database, in ascending order of `accountId`. */
  listAccounts(): Promise<AccountSummary[]>;
  /**
   * All accounts of the database that are set aside, in ascending order of `until`. A service answers those of the
   * caller's name, at most 1,000: of more, the first 500 and the last 500.
   */
  listSetAside(): Promise<SetAsideAccount[]>;
  /** A redacted summary of the stored state of this account. */
  snapshotDb(name: string, extra?: Uint8Array): Promise<DatabaseSnapshot>;
}

/** The device record of the account, and the accounts of the database. */
export interface DeviceStore extends DeviceReads {
  /**
   * Registers the account in the database if it is absent, and returns its account id. Idempotent. A commit
   * also registers its account. An account id is never used twice.
   */
  create(): Promise<number>;
  /**
   * Stores the device, every field of it.
   *
   * @throws {RangeError} When a key has the wrong length or a number is out of range.
   */
  save(device: Device): Promise<void>;
  /**
   * Deletes every row of this account but its registration, its owner and its device. An open account does so
   * when its device takes another identity, in the commit that saves the device.
   */
  clearAccount(): Promise<void>;
  /** Deletes every row of any account of the database. An owner of that account is fenced from then on. */
  deleteAccount(accountId: number): Promise<void>;
  /**
   * Sets this account aside: its name is free from then on, and an owner is fenced. Rows of payloads are
   * deleted, and those that `keeps` leaves out. The last write of its commit.
   *
   * @param id Names it: 32 lowercase hexadecimal characters that no other account was given.
   * @param until Unix seconds. From then on it may be deleted.
   * @param heldBy The owner of the empty account that takes the name in the same commit, under epoch 1.
   *   Without it the name is free.
   */
  setAside(id: string, until: number, keeps: SetAsideScope, heldBy?: string): Promise<void>;
  /**
   * Brings back what was set aside under this account's name. No row changes when there is none of the id.
   * The only write of its commit. @throws {FencedError} When an account of the name has an owner or a device.
   */
  bringBack(id: string): Promise<void>;
  /** Deletes what was set aside until `cutoff` (Unix seconds) or earlier, in the whole database. */
  deleteExpiredSetAside(cutoff: number): Promise<number>;
}

/** The mutations of the device record and of accounts. See `Write`. */
export type DeviceWrite =
  | { readonly kind: "device.save"; readonly device: Device }
  | { readonly kind: "account.clear" }
  | { readonly kind: "account.delete"; readonly accountId: number }
  | {
      readonly kind: "account.setAside";
      readonly id: string;
      readonly until: number;
      readonly keeps: SetAsideScope;
      readonly heldBy?: string | undefined;
    }
  | { readonly kind: "account.bringBack"; readonly id: string }
  | { readonly kind: "account.expireSetAside"; readonly cutoff: number };
