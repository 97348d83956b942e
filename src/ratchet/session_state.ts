import { EMPTY } from "../protobuf/mod.ts";
import { copyBytes, copyPublicKey, requireInt32, requireUint32 } from "./_arguments.ts";
import { emptySession, MAX_RECEIVER_CHAINS, type SessionParts } from "./_session_codec.ts";
import type { SessionChain } from "./session_chain.ts";

/** The pre-keys that messages name until the peer has answered. */
export interface PendingPreKey {
  /** Absent when the peer had no one-time pre-key left. */
  readonly preKeyId?: number | undefined;
  readonly signedPreKeyId: number;
  /** 33 bytes with the 0x05 prefix; empty when the record has none. */
  readonly baseKey: Uint8Array;
}

/**
 * One session, live: what a client reads and changes while it encrypts and decrypts.
 *
 * What is set is checked and copied; a wrong type is a `TypeError`, a wrong length a `RangeError`. Bytes that
 * are read are the session's own: read them, and never write to them. `undefined` is a part that the session
 * does not have; setting it, where it can be set, removes the part. Fields that are not known here stay with
 * the session.
 *
 * Copies share what has not been changed, so that a copy costs no more than the object itself.
 */
export class SessionState {
  #parts: SessionParts;
  #isShared: boolean;

  /**
   * A blank session; with stored parts, those as they are, unchecked: for codecs. The parts stay the
   * caller's, unchanged.
   */
  constructor(parts?: Readonly<SessionParts>) {
    this.#parts = parts ?? emptySession();
    this.#isShared = parts !== undefined;
  }

  /**
   * The stored parts as they are now: for codecs. They never change; a later change of the session makes
   * other ones.
   */
  get parts(): Readonly<SessionParts> {
    this.#isShared = true;
    return this.#parts;
  }

  /** A session of its own that is equal to this one. */
  copy(): SessionState {
    return new SessionState(this.parts);
  }

  /** Version of the message format, 3 in use. */
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

  /** Counter of the last message on the sending chain before this one, 0 when there was none. */
  get previousCounter(): number {
    return this.#parts.previousCounter ?? 0;
  }

  set previousCounter(value: number) {
    this.#own().previousCounter = requireUint32("set previous counter", value);
  }

  /** The chain of what we send. It has the private half of its ratchet key. */
  get senderChain(): SessionChain | undefined {
    return this.#parts.senderChain;
  }

  set senderChain(chain: SessionChain | undefined) {
    if (chain !== undefined && chain.ratchetKeyPrivate === undefined) {
      throw new RangeError("set sender chain: the private ratchet key is missing");
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
   * Takes a receiving chain in, in place of the one with its ratchet key, or as the newest: beyond 5 the
   * oldest goes.
   */
  putReceiverChain(chain: SessionChain): void {
    const chains = [...this.#parts.receiverChains];
    const at = chains.findIndex((known) => known.hasRatchetKey(chain.ratchetKey));
    if (at === -1) chains.push(chain);
    else chains[at] = chain;
    this.#own().receiverChains = chains.slice(-MAX_RECEIVER_CHAINS);
  }

  get pendingPreKey(): PendingPreKey | undefined {
    const stored = this.#parts.pendingPreKey;
    if (stored === undefined) return undefined;
    const { preKeyId, signedPreKeyId = 0, baseKey = EMPTY } = stored;
    return { preKeyId, signedPreKeyId, baseKey };
  }

  set pendingPreKey(value: PendingPreKey | undefined) {
    this.#own().pendingPreKey = optional(value, ({ preKeyId, signedPreKeyId, baseKey }) => ({
      preKeyId: optional(preKeyId, (present) => requireUint32("set pending pre-key: id", present)),
      signedPreKeyId: requireInt32("set pending pre-key: signed pre-key id", signedPreKeyId),
      baseKey: copyPublicKey("set pending pre-key: base key", baseKey),
      unknown: EMPTY,
    }));
  }

  get remoteRegistrationId(): number | undefined {
    return this.#parts.remoteRegistrationId;
  }

  set remoteRegistrationId(value: number | undefined) {
    this.#own().remoteRegistrationId = optional(value, (present) =>
      requireUint32("set remote registration id", present),
    );
  }

  get localRegistrationId(): number | undefined {
    return this.#parts.localRegistrationId;
  }

  set localRegistrationId(value: number | undefined) {
    this.#own().localRegistrationId = optional(value, (present) =>
      requireUint32("set local registration id", present),
    );
  }

  get needsRefresh(): boolean {
    return this.#parts.needsRefresh ?? false;
  }

  set needsRefresh(value: boolean) {
    this.#own().needsRefresh = value;
  }

  /** The base key of the side that began the session, 33 bytes. */
  get aliceBaseKey(): Uint8Array | undefined {
    return present(this.#parts.aliceBaseKey);
  }

  set aliceBaseKey(value: Uint8Array | undefined) {
    this.#own().aliceBaseKey = optional(value, (present) => copyPublicKey("set alice base key", present));
  }

  /** Parts of this state alone, to be written to. */
  #own(): SessionParts {
    if (this.#isShared) {
      this.#parts = { ...this.#parts };
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
