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
  // biome-ignore lint/suspicious/noExplicitAny: the value's type depends on Baileys' own `SignalDataTypeMap`.
  get(type: any, ids: string[]): Promise<any>;
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
  decryptGroupMessage(options: { group: string; authorJid: string; msg: Uint8Array }): Promise<Uint8Array>;
  // biome-ignore lint/suspicious/noExplicitAny: `item` is a protobuf type of Baileys.
  processSenderKeyDistributionMessage(options: { item: any; authorJid: string }): Promise<void>;
  decryptMessage(options: {
    jid: string;
    type: "pkmsg" | "msg";
    ciphertext: Uint8Array;
  }): Promise<Uint8Array>;
  encryptMessage(options: {
    jid: string;
    data: Uint8Array;
  }): Promise<{ type: "pkmsg" | "msg"; ciphertext: Uint8Array }>;
  encryptGroupMessage(options: {
    group: string;
    data: Uint8Array;
    meId: string;
  }): Promise<{ senderKeyDistributionMessage: Uint8Array; ciphertext: Uint8Array }>;
  getSenderKeyDistributionMessage(options: { group: string; meId: string }): Promise<Uint8Array>;
  // biome-ignore lint/suspicious/noExplicitAny: `session` is a bundle type of Baileys.
  injectE2ESession(options: { jid: string; session: any }): Promise<void>;
  validateSession(jid: string): Promise<{ exists: boolean; reason?: string }>;
  deleteSession(jids: string[]): Promise<void>;
  migrateSession(
    fromJid: string,
    toJid: string,
  ): Promise<{ migrated: number; skipped: number; total: number }>;
  jidToSignalProtocolAddress(jid: string): string;
  getSessionInfo?(jid: string): Promise<unknown>;
  hasSenderKey?(options: { group: string; meId: string }): Promise<boolean>;
  readonly lidMapping: LidMappingLike;
}

/** A phone number and a LID, as JIDs. */
export interface JidPair {
  lid: string;
  pn: string;
}

/** Baileys' functions that look up and store mappings. The adapter replaces them. */
export interface LidMappingLike {
  getLIDForPN(pn: string): Promise<string | null>;
  getLIDsForPNs(pns: string[]): Promise<JidPair[] | null>;
  getPNForLID(lid: string): Promise<string | null>;
  getPNsForLIDs(lids: string[]): Promise<JidPair[] | null>;
  storeLIDPNMappings(pairs: JidPair[]): Promise<void>;
}

/** Equivalent of the result of `useMultiFileAuthState`, over an account. */
export interface BaileysAuthState {
  /** For the socket option `auth`. */
  readonly state: { readonly creds: BaileysCreds; readonly keys: KeyStore };
  /** Saves the credentials. They are durable when it resolves. */
  readonly saveCreds: () => Promise<void>;
}
