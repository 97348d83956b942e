import { encodeBase64, KEY_BYTES, KEY_TYPE, PUBLIC_KEY_BYTES } from "../bytes/mod.ts";
import { requireList, requireObject } from "../errors/mod.ts";
import { EMPTY } from "../protobuf/mod.ts";
import { copyBytes, copyPublicKey, requireInstance, requireUint32 } from "./_arguments.ts";
import { messageSeed, steppedKey } from "./_chain_step.ts";
import { openSenderKey, type SenderMessageKey, storeSenderKey } from "./_sender_message_key.ts";
import type { StoredKey } from "./message_key.ts";
import { MAX_MESSAGE_KEYS, MAX_SKIPPED_MESSAGES } from "./session_chain.ts";

/** A stored sender key. */
export interface SenderKeyStateParts {
  /** Id that the sender has drawn; `undefined` reads as 0. */
  readonly keyId: number | undefined;
  /** Iteration of the next message; `undefined` reads as 0. */
  readonly iteration: number | undefined;
  /** The chain key, 32 bytes. */
  readonly seed: Uint8Array;
  /** 33 bytes with the prefix, or 32 without. */
  readonly signingPublic: Uint8Array;
  /** 32 bytes when the sender key is our own; empty or absent otherwise. */
  readonly signingPrivate: Uint8Array | undefined;
  /** Keys of skipped messages, the earliest kept first, at most `MAX_MESSAGE_KEYS`. */
  readonly messageKeys: readonly StoredKey[];
  /** Unknown fields of the chain key, the signing key and the state, encoded. */
  readonly unknown: { readonly chain: Uint8Array; readonly signing: Uint8Array; readonly state: Uint8Array };
  /** The encoded state as read; `undefined` after any change. */
  readonly encoded: Uint8Array | undefined;
}

/** Parts of a new sender key. */
export interface NewSenderKeyState {
  /** 0 … 2^32−1, chosen at random by the sender. */
  readonly keyId: number;
  /** Counter of the next message. Defaults to 0. */
  readonly iteration?: number | undefined;
  /** The chain key, 32 bytes. */
  readonly seed: Uint8Array;
  /** 33 bytes with the 0x05 prefix. */
  readonly signingPublic: Uint8Array;
  /** 32 bytes; only for our own sender key. */
  readonly signingPrivate?: Uint8Array | undefined;
}

const NOTHING_UNKNOWN = { chain: EMPTY, signing: EMPTY, state: EMPTY } as const;

/**
 * One sender key of a sender in a group: a chain, its signing key, and keys of skipped messages.
 *
 * Immutable, so that copies of a record share it: each operation returns a new state. It owns the bytes that
 * it returns: do not write to them.
 */
export class SenderKeyState {
  readonly #parts: SenderKeyStateParts;
  #id: string | undefined;

  /** Whether a value is a state of this class. */
  static is(value: unknown): value is SenderKeyState {
    return typeof value === "object" && value !== null && #parts in value;
  }

  /** For codecs: uses stored parts without checks and copies. Use `create` elsewhere. */
  constructor(parts: SenderKeyStateParts) {
    this.#parts = parts;
  }

  /**
   * Creates a sender key from copies of the parts. @throws {TypeError | RangeError} When a part is invalid.
   */
  static create(state: NewSenderKeyState): SenderKeyState {
    requireObject("create sender key: state", state);
    return new SenderKeyState({
      keyId: requireUint32("create sender key: id", state.keyId),
      iteration: requireUint32("create sender key: iteration", state.iteration ?? 0),
      seed: copyBytes("create sender key: seed", state.seed),
      signingPublic: copyPublicKey("create sender key: signing key", state.signingPublic),
      signingPrivate:
        state.signingPrivate === undefined
          ? undefined
          : copyBytes("create sender key: private signing key", state.signingPrivate),
      messageKeys: [],
      unknown: NOTHING_UNKNOWN,
      encoded: undefined,
    });
  }

  /** The stored parts: for codecs. */
  get parts(): SenderKeyStateParts {
    return this.#parts;
  }

  /** Id of the chain, which never changes: its key id and its public signing key. */
  get id(): string {
    this.#id ??= `${this.keyId}:${encodeBase64(this.signingPublic)}`;
    return this.#id;
  }

  /** Id that the sender has drawn, 0 … 2^32−1. Messages name it. */
  get keyId(): number {
    return this.#parts.keyId ?? 0;
  }

  /** Iteration of the next message. */
  get next(): number {
    return this.#parts.iteration ?? 0;
  }

  /** The chain key, 32 bytes. */
  get seed(): Uint8Array {
    return this.#parts.seed;
  }

  /** 33 bytes with the 0x05 prefix, even if it is stored without. */
  get signingPublic(): Uint8Array {
    const stored = this.#parts.signingPublic;
    if (stored.length === PUBLIC_KEY_BYTES) return stored;
    const key = new Uint8Array(PUBLIC_KEY_BYTES);
    key[0] = KEY_TYPE;
    key.set(stored, 1);
    return key;
  }

  /** 32 bytes; `undefined` when the sender key is not our own. */
  get signingPrivate(): Uint8Array | undefined {
    const stored = this.#parts.signingPrivate;
    return stored?.length === KEY_BYTES ? stored : undefined;
  }

  /** Whether the sender key is our own and can send. */
  get isOwn(): boolean {
    return this.signingPrivate !== undefined;
  }

  /** Number of skipped message keys, at most `MAX_MESSAGE_KEYS`. */
  get messageKeyCount(): number {
    return this.#parts.messageKeys.length;
  }

  /** The seed of message `next`: 32 bytes, owned by the caller. */
  messageSeed(): Uint8Array {
    return messageSeed(this.#parts.seed);
  }

  /**
   * The state whose next iteration is `bound`, without the keys of earlier messages. One HMAC per step.
   * Returns this state when it has reached `bound`.
   *
   * @param bound Exclusive bound on the iterations that may have been used.
   * @throws {RangeError} When `bound` is more than `MAX_SKIPPED_MESSAGES` ahead, beyond which receivers do
   * not follow.
   */
  fastForward(bound: number): SenderKeyState {
    requireUint32("fast-forward sender key: bound", bound);
    const steps = bound - this.next;
    if (steps <= 0) return this;
    if (steps > MAX_SKIPPED_MESSAGES) {
      throw new RangeError(`fast-forward sender key: ${steps} steps, at most ${MAX_SKIPPED_MESSAGES}`);
    }
    return this.#with({ iteration: bound, seed: steppedKey(this.#parts.seed, steps) });
  }

  /** A copy of the seed of a skipped message; `undefined` when there is none. */
  messageKey(iteration: number): Uint8Array | undefined {
    const stored = this.#parts.messageKeys.find((key) => key.index === iteration);
    return stored === undefined ? undefined : openSenderKey(stored);
  }

  /**
   * The state whose next iteration is `iteration`, with the keys of earlier messages as skipped keys. Returns
   * this state when it has reached `iteration`.
   *
   * @throws {RangeError} When `iteration` is more than `MAX_SKIPPED_MESSAGES` ahead, the most that receivers
   * skip.
   */
  skipTo(iteration: number): SenderKeyState {
    requireUint32("skip sender keys: iteration", iteration);
    const first = this.next;
    if (iteration <= first) return this;
    if (iteration - first > MAX_SKIPPED_MESSAGES) {
      throw new RangeError(
        `skip sender keys: ${iteration - first} messages, at most ${MAX_SKIPPED_MESSAGES}`,
      );
    }
    const skipped: SenderMessageKey[] = [];
    let { seed } = this;
    for (let at = first; at < iteration; at += 1) {
      skipped.push({ iteration: at, seed: messageSeed(seed) });
      seed = steppedKey(seed, 1);
    }
    return this.#with({ iteration, seed }).withMessageKeys(skipped);
  }

  /** The state with the skipped keys of another state of this sender key that it can no longer derive. */
  withKeysOf(other: SenderKeyState): SenderKeyState {
    requireInstance("join sender keys", "SenderKeyState", SenderKeyState, other);
    const kept = this.#parts.messageKeys;
    const known = new Set(kept.map(({ index }) => index));
    const added = other.#parts.messageKeys.filter(({ index }) => index < this.next && !known.has(index));
    if (added.length === 0) return this;
    return this.#with({ messageKeys: [...added, ...kept].slice(-MAX_MESSAGE_KEYS) });
  }

  /** The state without the key of that message. */
  withoutMessageKey(iteration: number): SenderKeyState {
    const at = this.#parts.messageKeys.findIndex((key) => key.index === iteration);
    if (at === -1) return this;
    const messageKeys = [...this.#parts.messageKeys];
    messageKeys.splice(at, 1);
    return this.#with({ messageKeys });
  }

  /** The state without any skipped message key. */
  withoutMessageKeys(): SenderKeyState {
    return this.#parts.messageKeys.length === 0 ? this : this.#with({ messageKeys: [] });
  }

  /**
   * The state with copies of further skipped keys. Beyond `MAX_MESSAGE_KEYS` the first keys are dropped.
   *
   * @throws {TypeError | RangeError} When a key is invalid.
   */
  withMessageKeys(keys: readonly SenderMessageKey[]): SenderKeyState {
    requireList("keep sender message keys: keys", keys);
    const added = keys.slice(-MAX_MESSAGE_KEYS).map(storeSenderKey);
    const kept = this.#parts.messageKeys;
    const messageKeys = [...kept.slice(Math.max(0, kept.length + added.length - MAX_MESSAGE_KEYS)), ...added];
    return this.#with({ messageKeys });
  }

  #with(change: Partial<SenderKeyStateParts>): SenderKeyState {
    const state = new SenderKeyState({ ...this.#parts, ...change, encoded: undefined });
    state.#id = this.#id;
    return state;
  }
}
