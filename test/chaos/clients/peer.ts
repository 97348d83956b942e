/** The other side of conversations, with a real Signal implementation. It never crashes and never forgets. */
import { SenderKeyRecord, SessionRecord } from "../../../src/ratchet/mod.ts";
import { sessionNames } from "../checks/record_digest.ts";
import type { Bundle } from "./client.ts";
import { decryptAlone, type SessionBox } from "./rust_decrypt.ts";
import type { RustEngine, RustKeyPair, RustLibrary, RustStorage } from "./rust_library.ts";
import { groupNameOf, type Sealed } from "./wire.ts";

/** A pairwise ciphertext of a peer. */
export interface PeerSealed extends Sealed {
  /** Base key of its session, in hex. */
  readonly base: string;
}

/** A group ciphertext of a peer. */
export interface PeerGroupSealed {
  readonly body: Uint8Array;
  readonly distribution: Uint8Array;
}

/** Sessions with the account under test, by one library or another. */
export interface PeerSessions {
  readonly isEmpty: boolean;
  /** Whether there is such a session, current or not. */
  knows(base: string): boolean;
  /** Begins a new session. */
  open(bundle: Bundle): Promise<void>;
  encrypt(text: string): Promise<PeerSealed>;
  decrypt(message: Sealed): Promise<string>;
}

/** The keys of an installation of a peer's client. */
export interface PeerKeys {
  readonly registrationId: number;
  readonly identity: RustKeyPair;
  readonly signedPreKey: RustKeyPair;
  readonly signature: Uint8Array;
  readonly preKeys: Map<number, RustKeyPair>;
}

/** Makes the sessions of a fresh installation. */
export type PeerSessionsFactory = (keys: PeerKeys) => PeerSessions;

/** One peer. */
export class ChaosPeer {
  readonly #library: RustLibrary;
  readonly #engine: RustEngine;
  readonly #makeSessions: PeerSessionsFactory;
  #keys: PeerKeys;
  #sessions: PeerSessions;
  #preKeyId = 0;
  #installations = 0;
  /** Sender keys, ours and the account's, by group. */
  readonly #ours = new Map<string, Uint8Array>();
  readonly #theirs = new Map<string, Uint8Array>();

  constructor(library: RustLibrary, engine: RustEngine, makeSessions: PeerSessionsFactory) {
    this.#library = library;
    this.#engine = engine;
    this.#makeSessions = makeSessions;
    this.#keys = this.#newKeys();
    this.#sessions = makeSessions(this.#keys);
  }

  get sessions(): PeerSessions {
    return this.#sessions;
  }

  /** A new installation: another identity, no session. */
  reinstall(): void {
    this.#keys = this.#newKeys();
    this.#sessions = this.#makeSessions(this.#keys);
    this.#ours.clear();
    this.#theirs.clear();
  }

  /** What the account begins a session with. */
  bundle(): Bundle {
    this.#preKeyId += 1;
    const preKey = this.#library.generateKeyPair();
    this.#keys.preKeys.set(this.#preKeyId, preKey);
    const { registrationId, identity, signedPreKey, signature } = this.#keys;
    return {
      registrationId,
      identityKey: identity.pubKey,
      signedPreKey: { keyId: 1, publicKey: signedPreKey.pubKey, signature },
      preKey: { keyId: this.#preKeyId, publicKey: preKey.pubKey },
    };
  }

  async encryptGroup(group: string, text: string): Promise<PeerGroupSealed> {
    const storage = groupStorage(this.#ours, group);
    const distribution = await this.#engine.distribute(storage);
    return { distribution, body: await this.#engine.encryptGroup(storage, text) };
  }

  /** Whether a message of the account can be read in a group without learning its sender key first. */
  knowsSenderKey(group: string, body: Uint8Array): boolean {
    const stored = this.#theirs.get(group);
    if (stored === undefined) return false;
    return SenderKeyRecord.decode(stored).state(groupNameOf(body).keyId) !== undefined;
  }

  async learnSenderKey(group: string, distribution: Uint8Array): Promise<void> {
    await this.#engine.learn(groupStorage(this.#theirs, group), distribution);
  }

  async decryptGroup(group: string, body: Uint8Array): Promise<string> {
    return await this.#engine.decryptGroup(groupStorage(this.#theirs, group), body);
  }

  #newKeys(): PeerKeys {
    this.#installations += 1;
    const identity = this.#library.generateIdentityKeyPair();
    const signedPreKey = this.#library.generateKeyPair();
    const signature = this.#library.calculateSignature(identity.privKey, signedPreKey.pubKey);
    return { registrationId: this.#installations, identity, signedPreKey, signature, preKeys: new Map() };
  }
}

function groupStorage(records: Map<string, Uint8Array>, group: string): RustStorage {
  const storage: Partial<RustStorage> = {
    loadSenderKey: () => records.get(group),
    storeSenderKey: (_, record) => {
      records.set(group, new Uint8Array(record));
    },
  };
  return storage as RustStorage;
}

/** Sessions by the Rust library. */
export class RustPeerSessions implements PeerSessions {
  readonly #engine: RustEngine;
  readonly #keys: PeerKeys;
  #record: Uint8Array | undefined;

  constructor(engine: RustEngine, keys: PeerKeys) {
    this.#engine = engine;
    this.#keys = keys;
  }

  get isEmpty(): boolean {
    return this.#record === undefined;
  }

  knows(base: string): boolean {
    return this.#record !== undefined && sessionNames(this.#record).bases.includes(base);
  }

  async open(bundle: Bundle): Promise<void> {
    await this.#whole((storage) => this.#engine.open(storage, bundle));
  }

  async encrypt(text: string): Promise<PeerSealed> {
    const sealed = await this.#whole((storage) => this.#engine.encrypt(storage, text));
    return { ...sealed, base: sessionNames(this.#record as Uint8Array).bases[0] ?? "" };
  }

  async decrypt(message: Sealed): Promise<string> {
    const before = this.#record && SessionRecord.decode(this.#record);
    const storage = (box: SessionBox): RustStorage => this.#storage(box);
    const { text, record } = await decryptAlone(this.#engine, storage, before, message);
    this.#record = record.encode();
    return text;
  }

  async #whole<Result>(use: (storage: RustStorage) => Promise<Result>): Promise<Result> {
    const box: SessionBox = { session: this.#record };
    const result = await use(this.#storage(box));
    this.#record = box.session;
    return result;
  }

  #storage(box: SessionBox): RustStorage {
    const keys = this.#keys;
    const storage: Partial<RustStorage> = {
      loadSession: () => box.session,
      storeSession: (_, record) => {
        box.session = new Uint8Array(record.serialize());
      },
      loadPreKey: (id) => keys.preKeys.get(id),
      removePreKey: (id) => {
        keys.preKeys.delete(id);
      },
      loadSignedPreKey: () => ({ keyId: 1, keyPair: keys.signedPreKey, signature: keys.signature }),
      getOurIdentity: () => keys.identity,
      getOurRegistrationId: () => keys.registrationId,
      isTrustedIdentity: () => true,
    };
    return storage as RustStorage;
  }
}
