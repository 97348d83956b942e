/** Structural types of the used parts of Baileys: the package does not depend on Baileys. */

import type { BaileysCreds } from "./convert/mod.ts";

/** A type of keys that Baileys stores. */
export type KeyType =
  | "pre-key"
  | "session"
  | "sender-key"
  | "sender-key-memory"
  | "app-state-sync-key"
  | "app-state-sync-version"
  | "lid-mapping"
  | "device-list"
  | "tctoken"
  | "identity-key";

/** Values by type and id; `null` deletes. */
export type KeyDataSet = { [type: string]: { [id: string]: unknown } | undefined };

/** Baileys' `SignalKeyStore` with untyped values, whose types are in `SignalDataTypeMap`. */
export interface KeyStore {
  /** Values by id. Ids without a value are left out. */
  // biome-ignore lint/suspicious/noExplicitAny: the value's type depends on Baileys' own `SignalDataTypeMap`.
  get(type: any, ids: string[]): Promise<any>;
  /** Stores values by type and id; `null` deletes. */
  // biome-ignore lint/suspicious/noExplicitAny: see `get`.
  set(data: any): Promise<void>;
  /** All values of a type. The next Baileys moves a state with it. */
  // biome-ignore lint/suspicious/noExplicitAny: see `get`.
  list(type: any): AsyncIterable<[id: string, value: any]>;
  /** The ids of all values of a type. */
  // biome-ignore lint/suspicious/noExplicitAny: see `get`.
  listIds(type: any): AsyncIterable<string>;
}

/** The part of `makeLibSignalRepository`'s result that the adapter guards. */
export interface SignalRepositoryLike {
  /** Decrypts a message of a group with the sender key of its author. */
  decryptGroupMessage(options: { group: string; authorJid: string; msg: Uint8Array }): Promise<Uint8Array>;
  /** Stores the sender key that a group member has distributed. */
  // biome-ignore lint/suspicious/noExplicitAny: `item` is a protobuf type of Baileys.
  processSenderKeyDistributionMessage(options: { item: any; authorJid: string }): Promise<void>;
  /** Decrypts a message of a session. A `pkmsg` may begin the session. */
  decryptMessage(options: {
    jid: string;
    type: "pkmsg" | "msg";
    ciphertext: Uint8Array;
  }): Promise<Uint8Array>;
  /** Encrypts for a session and steps its ratchet. */
  encryptMessage(options: {
    jid: string;
    data: Uint8Array;
  }): Promise<{ type: "pkmsg" | "msg"; ciphertext: Uint8Array }>;
  /**
   * Encrypts for a group with our own sender key, which it creates if there is none, and returns its
   * distribution message.
   */
  encryptGroupMessage(options: {
    group: string;
    data: Uint8Array;
    meId: string;
  }): Promise<{ senderKeyDistributionMessage: Uint8Array; ciphertext: Uint8Array }>;
  /** The distribution message of our own sender key, which it creates if there is none. */
  getSenderKeyDistributionMessage(options: { group: string; meId: string }): Promise<Uint8Array>;
  /** Begins a session from a pre-key bundle. */
  // biome-ignore lint/suspicious/noExplicitAny: `session` is a bundle type of Baileys.
  injectE2ESession(options: { jid: string; session: any }): Promise<void>;
  /** Whether there is a session with a usable chain, and if not, why. */
  validateSession(jid: string): Promise<{ exists: boolean; reason?: string }>;
  /** Deletes the sessions of these JIDs. */
  deleteSession(jids: string[]): Promise<void>;
  /** Moves sessions from a phone number to a LID, and counts them. */
  migrateSession(
    fromJid: string,
    toJid: string,
  ): Promise<{ migrated: number; skipped: number; total: number }>;
  /** The text of the Signal address of a JID. */
  jidToSignalProtocolAddress(jid: string): string;
  /** What the library tells of a session. Only in releases of Baileys that have it. */
  getSessionInfo?(jid: string): Promise<unknown>;
  /** Whether our own sender key of the group exists. Only in releases of Baileys that have it. */
  hasSenderKey?(options: { group: string; meId: string }): Promise<boolean>;
  /** The look-ups between phone numbers and LIDs. */
  readonly lidMapping: LidMappingLike;
}

/** A phone number and a LID, as JIDs. */
export interface JidPair {
  /** JID of the LID. */
  lid: string;
  /** JID of the phone number. */
  pn: string;
}

/** Baileys' functions that look up and store mappings. The adapter replaces them. */
export interface LidMappingLike {
  /** JID of the LID of a phone number; `null` when it is unknown. */
  getLIDForPN(pn: string): Promise<string | null>;
  /** The pairs of those phone numbers whose LID is known; `null` when none is. */
  getLIDsForPNs(pns: string[]): Promise<JidPair[] | null>;
  /** JID of the phone number of a LID; `null` when it is unknown. */
  getPNForLID(lid: string): Promise<string | null>;
  /** The pairs of those LIDs whose phone number is known; `null` when none is. */
  getPNsForLIDs(lids: string[]): Promise<JidPair[] | null>;
  /** Stores mappings that the server has told. */
  storeLIDPNMappings(pairs: JidPair[]): Promise<void>;
}

/** Equivalent of the result of `useMultiFileAuthState`, over an account. */
export interface BaileysAuthState {
  /** For the socket option `auth`. */
  readonly state: { readonly creds: BaileysCreds; readonly keys: KeyStore };
  /** Saves the credentials. They are durable when it resolves. */
  readonly saveCreds: () => Promise<void>;
}
