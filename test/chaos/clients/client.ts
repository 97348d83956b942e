/** What a run needs of a Signal client over an account's cache. Each way to be one is a file of its own. */
import type { Account } from "../../../src/account/mod.ts";
import type { SyncedDevices } from "../../../src/directory/mod.ts";
import type { SignalCacheEvent } from "../../../src/signal/mod.ts";
import type { Digest } from "../checks/record_digest.ts";
import type { Sealed } from "./wire.ts";

/** Names of the engine's keys. */
export type ClientStore = "session" | "senderKey" | "identity";

/** Where a user can be reached: keys that a session is begun with. Public keys have 33 bytes. */
export interface Bundle {
  readonly registrationId: number;
  readonly identityKey: Uint8Array;
  readonly signedPreKey: {
    readonly keyId: number;
    readonly publicKey: Uint8Array;
    readonly signature: Uint8Array;
  };
  readonly preKey?: { readonly keyId: number; readonly publicKey: Uint8Array } | undefined;
}

/** A pairwise ciphertext that may leave. */
export interface Outgoing extends Sealed {
  /** Base key of its session, in hex. */
  readonly base: string;
}

/** A group ciphertext that may leave, with what a member needs to read it and all later ones. */
export interface GroupOutgoing {
  readonly body: Uint8Array;
  readonly distribution: Uint8Array;
}

/** How a message is encrypted. */
export interface EncryptOptions {
  /** Takes the key without asking the cache, where the client can: as one that does not know `sendable`. */
  readonly isUnasked?: boolean | undefined;
}

/** A message to a group. */
export interface GroupSend extends EncryptOptions {
  readonly group: string;
  /** The name of our sender key, in either spelling. */
  readonly name: string;
  /** JIDs of the members' devices. */
  readonly devices: readonly string[];
  readonly text: string;
  /**
   * Sends it. @param lacking The devices that are sent our sender key with it. @returns Whether it has left:
   * then the server has acknowledged it.
   */
  leave(sealed: GroupOutgoing, lacking: readonly string[]): Promise<boolean>;
}

/** Told of what the client does with the cache, at once and in order. */
export interface ClientObserver {
  /** A record was loaded under its lock. */
  loaded(store: ClientStore, address: string, digest: Digest): void;
  /**
   * A record was put, or deleted. @returns The change that has to be durable before what was put may leave.
   */
  changed(store: ClientStore, address: string, digest: Digest, gated: boolean): number;
  /** The gate of an address, closed by this change, has opened. */
  published(store: ClientStore, address: string, change: number): void;
  /** A peer has another identity than before: its sessions were deleted. */
  identityChanged(address: string): void;
  /**
   * Another session has become the current one: a new one, or one out of the archive. The one before it was
   * archived.
   */
  currentChanged(how: "begun" | "promoted"): void;
  /**
   * The library has stepped the ratchets of these sessions for one message, and kept those for which it was
   * not meant.
   */
  broke(address: string, bases: readonly string[]): void;
  /** The LID of a phone number, as the server answers when it is asked. */
  lidOf(pn: string): string | undefined;
  /** The cache says something. */
  event(event: SignalCacheEvent): void;
}

/** There is no session to send in. */
export class NoSession extends Error {}

/** The library could not decrypt. */
export class CannotDecrypt extends Error {}

/**
 * A Signal client over the cache of one open account. Addresses are Signal addresses, names sender key names.
 */
export interface ChaosClient {
  /** Whether a message can be sent without a new session. */
  hasSession(address: string): Promise<boolean>;
  /** Begins a session, and returns its base key. */
  greet(address: string, bundle: Bundle): Promise<string>;
  /** @throws {NoSession} */
  encrypt(address: string, text: string, options?: EncryptOptions): Promise<Outgoing>;
  /** @throws {CannotDecrypt} */
  decrypt(address: string, message: Sealed): Promise<string>;
  /** Begins to send with our own sender key if there is none, and sends it to those who are not marked. */
  sendToGroup(message: GroupSend): Promise<void>;
  /** Devices, by their JIDs, do not hold our sender key any more. */
  forgetHolder(group: string, devices: readonly string[]): Promise<void>;
  /** Gives our sender key up, and with it the marks of those who hold it. */
  rotateSenderKey(group: string, name: string): Promise<void>;
  learnSenderKey(name: string, distribution: Uint8Array): Promise<void>;
  /** @throws {CannotDecrypt} */
  decryptGroup(name: string, body: Uint8Array): Promise<string>;
  deleteSession(address: string): Promise<void>;
  /**
   * Loads a session without its lock and returns what puts that copy later, if its counter is behind by then.
   */
  takeStale(address: string): Promise<(() => Promise<void>) | undefined>;
  /** Loads without the lock, as who only looks does. */
  look(address: string): Promise<void>;
  flush(): Promise<{ readonly isolated: readonly { readonly key: string }[] }>;
  releaseLeases(): Promise<{ readonly isolated: readonly { readonly key: string }[] }>;
  /** Forgets everything that is not durable. Absent where something else depends on it. */
  clear?(): void;
  clearAfterFlush(): void;
  /**
   * Tells that a phone number and a LID are one user. @param migrates Whether the client migrates its
   * sessions after that, too.
   */
  tellLid(pn: string, lid: string, migrates: boolean): Promise<void>;
  /** Asks the server for the LID of a phone number, as an operation on it does where none is known. */
  lookUp(pn: string): Promise<void>;
  /** Stores a user's devices as a device sync has answered them. */
  listDevices(list: SyncedDevices): Promise<void>;
  /** The name of the cache's present incarnation, in the leases that it writes. */
  readonly incarnation: string;
  readonly dirty: number;
  readonly gated: number;
}

/** Opens a client over an account. */
export type ChaosClientFactory = (account: Account, observer: ClientObserver) => ChaosClient;
