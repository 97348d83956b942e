import { requireObject, requireType } from "../errors/mod.ts";
import { EMPTY } from "../protobuf/mod.ts";
import { copyBytes, copyPublicKey, requireInstance, requireInt32, requireUint32 } from "./_arguments.ts";
import { emptySession, MAX_RECEIVER_CHAINS, type SessionParts } from "./_session_codec.ts";
import { SessionChain } from "./session_chain.ts";

/** The pre-keys in our messages until the peer has answered. */
export interface PendingPreKey {
  /** Absent when the peer had no one-time pre-key. */
  readonly preKeyId?: number | undefined;
  /** Id of the peer's signed pre-key. */
  readonly signedPreKeyId: number;
  /** 33 bytes with the 0x05 prefix, or empty. */
  readonly baseKey: Uint8Array;
}

/** A session that is decoded when its parts are used. */
interface StoredParts {
  readonly parts: Readonly<SessionParts>;
  readonly senderChain: SessionChain | undefined;
}

const NO_PARTS: SessionParts = emptySession();

/**
 * One live session, which a client reads and changes while it encrypts and decrypts.
 *
 * Setters check and copy: a wrong type throws a `TypeError`, a wrong length a `RangeError`. The session owns
 * the bytes that getters return: do not write to them. `undefined` is an absent part; setting it, where
 * allowed, removes the part. Unknown fields are kept.
 *
 * Copies share unchanged parts, so a copy is cheap.
 */
export class SessionState {
  /** `undefined` until more than the sending chain of a stored session is used. */
  #decoded: SessionParts | undefined;
  #stored: StoredParts | undefined;
  #isShared: boolean;

  /** Whether a value is a session of this class. */
  static is(value: unknown): value is SessionState {
    return typeof value === "object" && value !== null && #isShared in value;
  }

  /** Creates a blank session. Codecs pass stored parts, which are not checked, copied or changed. */
  constructor(parts?: Readonly<SessionParts>) {
    this.#decoded = parts ?? emptySession();
    this.#isShared = parts !== undefined;
  }

  /** For codecs: a stored session. */
  static stored(stored: {
    readonly parts: Readonly<SessionParts>;
    readonly senderChain: SessionChain | undefined;
  }): SessionState {
    const session = new SessionState(NO_PARTS);
    session.#decoded = undefined;
    session.#stored = stored;
    return session;
  }

  /** For codecs: the present parts. A later change of the session creates new parts. */
  get parts(): Readonly<SessionParts> {
    this.#isShared = true;
    return this.#parts;
  }

  /** Returns an independent copy. */
  copy(): SessionState {
    return this.#decoded === undefined && this.#stored !== undefined
      ? SessionState.stored(this.#stored)
      : new SessionState(this.parts);
  }

  /** Version of the message format, 3 in practice. */
  get sessionVersion(): number | undefined {
    return this.#parts.sessionVersion;
  }

  set sessionVersion(value: number | undefined) {
    this.#own().sessionVersion = optional(value, (present) => requireUint32("set session version", present));
  }

  /** Our identity key, 33 bytes. */
  get localIdentityPublic(): Uint8Array | undefined {
    return present(this.#parts.localIdentityPublic);
  }

  set localIdentityPublic(value: Uint8Array | undefined) {
    this.#own().localIdentityPublic = optional(value, (present) =>
      copyPublicKey("set local identity", present),
    );
  }

  /** The peer's identity key, 33 bytes. */
  get remoteIdentityPublic(): Uint8Array | undefined {
    return present(this.#parts.remoteIdentityPublic);
  }

  set remoteIdentityPublic(value: Uint8Array) {
    this.#own().remoteIdentityPublic = copyPublicKey("set remote identity", value);
  }

  /** 32 bytes. */
  get rootKey(): Uint8Array | undefined {
    return present(this.#parts.rootKey);
  }

  set rootKey(value: Uint8Array) {
    this.#own().rootKey = copyBytes("set root key", value);
  }

  /** Counter of the last message on the previous sending chain; 0 when there was none. */
  get previousCounter(): number {
    return this.#parts.previousCounter ?? 0;
  }

  set previousCounter(value: number) {
    this.#own().previousCounter = requireUint32("set previous counter", value);
  }

  /** The sending chain, with its private ratchet key. */
  get senderChain(): SessionChain | undefined {
    return (this.#decoded ?? this.#stored)?.senderChain;
  }

  set senderChain(chain: SessionChain | undefined) {
    if (chain !== undefined) {
      requireInstance("set sender chain", "SessionChain", SessionChain, chain);
      if (chain.ratchetKeyPrivate === undefined) {
        throw new RangeError("set sender chain: the private ratchet key is missing");
      }
    }
    this.#own().senderChain = chain;
  }

  /** Oldest first, at most 5. */
  get receiverChains(): readonly SessionChain[] {
    return this.#parts.receiverChains;
  }

  /** The receiving chain of a ratchet key, 33 bytes. */
  receiverChain(ratchetKey: Uint8Array): SessionChain | undefined {
    return this.#parts.receiverChains.find((chain) => chain.hasRatchetKey(ratchetKey));
  }

  /**
   * Replaces the receiving chain with the same ratchet key, or adds the chain as the newest. Beyond 5 chains
   * the oldest is dropped.
   */
  putReceiverChain(chain: SessionChain): void {
    requireInstance("put receiver chain", "SessionChain", SessionChain, chain);
    const chains = [...this.#parts.receiverChains];
    const at = chains.findIndex((known) => known.hasRatchetKey(chain.ratchetKey));
    if (at === -1) chains.push(chain);
    else chains[at] = chain;
    this.#own().receiverChains = chains.slice(-MAX_RECEIVER_CHAINS);
  }

  /** The pre-keys that messages name until the peer has answered; `undefined` after its first answer. */
  get pendingPreKey(): PendingPreKey | undefined {
    const stored = this.#parts.pendingPreKey;
    if (stored === undefined) return undefined;
    const { preKeyId, signedPreKeyId = 0, baseKey = EMPTY } = stored;
    return { preKeyId, signedPreKeyId, baseKey };
  }

  set pendingPreKey(value: PendingPreKey | undefined) {
    if (value !== undefined) requireObject("set pending pre-key: the value", value);
    this.#own().pendingPreKey = optional(value, (present) => ({
      preKeyId: optional(present.preKeyId, (id) => requireUint32("set pending pre-key: id", id)),
      signedPreKeyId: requireInt32("set pending pre-key: signed pre-key id", present.signedPreKeyId),
      baseKey: copyPublicKey("set pending pre-key: base key", present.baseKey),
      unknown: EMPTY,
    }));
  }

  /** The peer's registration id, 0 … 2^32−1. */
  get remoteRegistrationId(): number | undefined {
    return this.#parts.remoteRegistrationId;
  }

  set remoteRegistrationId(value: number | undefined) {
    this.#own().remoteRegistrationId = optional(value, (present) =>
      requireUint32("set remote registration id", present),
    );
  }

  /** Our registration id at the time of the session, 0 … 2^32−1. */
  get localRegistrationId(): number | undefined {
    return this.#parts.localRegistrationId;
  }

  set localRegistrationId(value: number | undefined) {
    this.#own().localRegistrationId = optional(value, (present) =>
      requireUint32("set local registration id", present),
    );
  }

  /** A mark of clients that want to renew the session; false when it is absent. */
  get needsRefresh(): boolean {
    return this.#parts.needsRefresh ?? false;
  }

  set needsRefresh(value: boolean) {
    requireType("set needs refresh: the value", value, "boolean");
    this.#own().needsRefresh = value;
  }

  /** The base key of the side that began the session, 33 bytes. */
  get aliceBaseKey(): Uint8Array | undefined {
    return present(this.#parts.aliceBaseKey);
  }

  set aliceBaseKey(value: Uint8Array | undefined) {
    this.#own().aliceBaseKey = optional(value, (present) => copyPublicKey("set alice base key", present));
  }

  get #parts(): SessionParts {
    this.#decoded ??= this.#stored?.parts as SessionParts;
    return this.#decoded;
  }

  /** Parts that this state alone owns, for changes. */
  #own(): SessionParts {
    if (this.#isShared) {
      this.#decoded = { ...this.#parts };
      this.#isShared = false;
    }
    return this.#parts;
  }
}

function optional<Input, Kept>(value: Input | undefined, take: (value: Input) => Kept): Kept | undefined {
  return value === undefined ? undefined : take(value);
}

function present(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined || bytes.length === 0 ? undefined : bytes;
}
