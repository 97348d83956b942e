import type {
  Lease,
  QuarantinedRecord,
  QuarantinePut,
  QuarantineReason,
  SignalRecordStore,
  SignalRowReads,
} from "./signal_rows.ts";

/** A stored one-time pre-key. */
export interface PreKeyRow {
  /** 1 … 2^24−1. */
  readonly id: number;
  /** The standard `PreKeyRecordStructure`, encoded. */
  readonly record: Uint8Array;
  /** Whether the server is known to have its public key. */
  readonly uploaded: boolean;
}

/** A stored signed pre-key. */
export interface SignedPreKeyRow {
  /** 1 … 2^24−1. */
  readonly id: number;
  /** The standard `SignedPreKeyRecordStructure`, encoded. */
  readonly record: Uint8Array;
}

/** An entry under one address, for migration and identity change. */
export interface SignalAddressEntry {
  /** The table in which the entry is. */
  readonly kind: "session" | "identity" | "senderKey";
  /** A Signal address, or for `senderKey` a sender key name `<groupJid>:<signalAddress>`. */
  readonly address: string;
}

/**
 * Reads of Signal state. Bytes returned are the caller's own. An absent value is `undefined`. Any other
 * failure throws.
 */
export interface SignalReads extends SignalRowReads {
  /**
   * The identity key of an address, 32 bytes. @throws {WrongLengthError} When the stored key is not 32 bytes.
   */
  loadIdentity(address: string): Promise<Uint8Array | undefined>;
  /** As `loadIdentity`, in the order of `addresses`, in as few queries as the backend's limits allow. */
  loadIdentities(addresses: readonly string[]): Promise<(Uint8Array | undefined)[]>;
  /** The stored session record of an address, encoded. */
  getSession(address: string): Promise<Uint8Array | undefined>;
  /**
   * The stored sessions of many addresses, in the order of `addresses`, in as few queries as the backend's
   * limits allow.
   */
  getSessions(addresses: readonly string[]): Promise<(Uint8Array | undefined)[]>;
  /** Whether a session record is stored for the address. The record is not decoded. */
  hasSession(address: string): Promise<boolean>;
  /**
   * Whether a session, identity or sender key of this user exists. The user is the part of an address before
   * `:` or `@`.
   */
  hasSignalStateForUser(user: string): Promise<boolean>;
  /**
   * All sessions, identities and sender keys of these users, ordered by address (`compareText`), then
   * alphabetically by kind.
   */
  listSignalAddresses(users: readonly string[]): Promise<SignalAddressEntry[]>;
  /** The stored record of a one-time pre-key, encoded. `undefined` when it was used up or never existed. */
  loadPreKey(id: number): Promise<Uint8Array | undefined>;
  /** The existing keys among `ids`, each once, in ascending order of id. */
  loadPreKeys(ids: readonly number[]): Promise<PreKeyRow[]>;
  /** The greatest stored pre-key id, or 0. */
  getMaxPreKeyId(): Promise<number>;
  /** The stored record of a signed pre-key, encoded. */
  loadSignedPreKey(id: number): Promise<Uint8Array | undefined>;
  /** All signed pre-keys, in ascending order of id. */
  loadAllSignedPreKeys(): Promise<SignedPreKeyRow[]>;
  /** The stored sender key record under a sender key name, encoded. */
  getSenderKey(name: string): Promise<Uint8Array | undefined>;
  /** Quarantined records, ordered by address, then by store. */
  listQuarantined(): Promise<QuarantinedRecord[]>;
}

/** The reads that the Signal cache needs. */
export type SignalCacheReads = SignalRowReads &
  Pick<SignalReads, "listSignalAddresses" | "loadIdentities" | "loadIdentity">;

/** Signal protocol state: identities, sessions, pre-keys, sender keys. Every setter is one durable commit. */
export interface SignalStore extends SignalReads {
  /**
   * Stores the identity key of an address in place of the stored one.
   *
   * @throws {RangeError} When `key` is not 32 bytes.
   */
  putIdentity(address: string, key: Uint8Array): Promise<void>;
  /** Deletes the identity key of an address. Its session stays. */
  deleteIdentity(address: string): Promise<void>;
  /**
   * Stores a record with its lease. Without `lease` the row has none. @throws {RangeError} When the lease is
   * malformed.
   */
  putSession(address: string, record: Uint8Array, lease?: Lease): Promise<void>;
  /** Deletes the session of an address with its lease. Its identity key stays. */
  deleteSession(address: string): Promise<void>;
  /**
   * Stores a one-time pre-key in place of the one under its id. `uploaded` says whether the server has its
   * public key.
   */
  storePreKey(id: number, record: Uint8Array, uploaded: boolean): Promise<void>;
  /** As `storePreKey`, for many keys in one commit. */
  storePreKeys(
    keys: readonly { readonly id: number; readonly record: Uint8Array }[],
    uploaded: boolean,
  ): Promise<void>;
  /** Marks the existing keys among `ids`. Never creates one. */
  markPreKeysUploaded(ids: readonly number[]): Promise<void>;
  /** Deletes a one-time pre-key. Nothing happens when there is none. */
  removePreKey(id: number): Promise<void>;
  /** Stores a signed pre-key in place of the one under its id. */
  storeSignedPreKey(id: number, record: Uint8Array): Promise<void>;
  /** Deletes a signed pre-key. Nothing happens when there is none. */
  removeSignedPreKey(id: number): Promise<void>;
  /** As `putSession`. */
  putSenderKey(name: string, record: Uint8Array, lease?: Lease): Promise<void>;
  /** Deletes the record under a sender key name with its lease. The marks of those who hold it stay. */
  deleteSenderKey(name: string): Promise<void>;
  /** Keeps the bytes of an unusable record, and replaces earlier ones of the same address. */
  quarantine(
    store: SignalRecordStore,
    address: string,
    record: Uint8Array,
    reason: QuarantineReason,
  ): Promise<void>;
}

/** The mutations of Signal state. See `Write`. */
export type SignalWrite =
  | { readonly kind: "identity.put"; readonly address: string; readonly key: Uint8Array }
  | { readonly kind: "identity.delete"; readonly address: string }
  | {
      readonly kind: "session.put";
      readonly address: string;
      readonly record: Uint8Array;
      /** Stored beside the record. Replaces the previous lease. Without it the row has none. */
      readonly lease?: Lease | undefined;
    }
  | { readonly kind: "session.delete"; readonly address: string }
  | {
      readonly kind: "preKey.put";
      readonly id: number;
      readonly record: Uint8Array;
      readonly uploaded: boolean;
    }
  | { readonly kind: "preKey.markUploaded"; readonly ids: readonly number[] }
  | { readonly kind: "preKey.remove"; readonly id: number }
  | { readonly kind: "signedPreKey.put"; readonly id: number; readonly record: Uint8Array }
  | { readonly kind: "signedPreKey.remove"; readonly id: number }
  | {
      readonly kind: "senderKey.put";
      readonly name: string;
      readonly record: Uint8Array;
      /** As in `session.put`. */
      readonly lease?: Lease | undefined;
    }
  | { readonly kind: "senderKey.delete"; readonly name: string }
  | QuarantinePut;
