import { encodeBase64, KEY_BYTES, sameBytes } from "../bytes/mod.ts";
import { EMPTY } from "../protobuf/mod.ts";
import { copyBytes, copyPublicKey, requireUint32 } from "./_arguments.ts";
import { isRetiredKey, messageSeed, retiredKey, steppedKey } from "./_chain_step.ts";
import { type MessageKey, openStoredKey, type StoredKey, storeKey } from "./message_key.ts";

/** Most skipped message keys of one chain, as other clients bound them. The oldest go first. */
export const MAX_MESSAGE_KEYS = 2_000;

/**
 * Most steps of one fast-forward. libsignal's receivers refuse a message that is more than 2,000 ahead, so a
 * chain that would have to go further is of no use: close it.
 */
export const MAX_FAST_FORWARD = 2_000;

/** The key of a chain's next message, as it is stored. Absent parts were not in the bytes. */
export interface StoredChainKey {
  readonly index: number | undefined;
  readonly key: Uint8Array | undefined;
  readonly closed: boolean | undefined;
  readonly unknown: Uint8Array;
}

/**
 * What a chain is made of, as it is stored. Absent parts were not in the bytes; an empty key counts as
 * absent.
 */
export interface SessionChainParts {
  readonly ratchetKey: Uint8Array | undefined;
  readonly ratchetKeyPrivate: Uint8Array | undefined;
  readonly chainKey: StoredChainKey | undefined;
  readonly messageKeys: readonly StoredKey[];
  /** Fields that are not known here, as they were. */
  readonly unknown: Uint8Array;
  /** The whole chain as it was read, `undefined` once anything differs. */
  readonly encoded: Uint8Array | undefined;
}

/** What a new chain is made of. */
export interface NewSessionChain {
  /**
   * Public key of the ratchet, 33 bytes with its 0x05 prefix: ours on a sending chain, theirs on a receiving
   * one.
   */
  readonly ratchetKey: Uint8Array;
  /** Its private half, 32 bytes, on a sending chain. */
  readonly ratchetKeyPrivate?: Uint8Array | undefined;
  /** 32 bytes. */
  readonly chainKey: Uint8Array;
  /** Counter of the next message, 0 by default. */
  readonly index?: number | undefined;
}

/**
 * The messages under one ratchet key: the key of the next one, and keys of messages that were skipped.
 *
 * A value: it never changes, so that copies of a session share it. Each operation answers with another chain.
 * Bytes that it hands out are its own: read them, and never write to them.
 *
 * @example
 * ```ts
 * import { SessionChain } from "@holdfast/store/signal";
 *
 * const publicKey = new Uint8Array(33).fill(5, 0, 1);
 * const fresh = SessionChain.create({ ratchetKey: publicKey, chainKey: new Uint8Array(32) });
 * const seed = fresh.messageSeed();
 * const after = fresh.fastForward(fresh.next + 1);
 * if (seed.length !== 32 || after.next !== 1 || fresh.next !== 0) throw new Error("the chain did not advance");
 * ```
 */
export class SessionChain {
  readonly #parts: SessionChainParts;
  #id: string | undefined;

  /** Takes stored parts as they are, unchecked and uncopied: for codecs. Everybody else uses `create`. */
  constructor(parts: SessionChainParts) {
    this.#parts = parts;
  }

  /**
   * A new chain. What is given is copied.
   *
   * @throws {TypeError | RangeError} When a part is not what `NewSessionChain` says.
   */
  static create(chain: NewSessionChain): SessionChain {
    const index = requireUint32("create chain: index", chain.index ?? 0);
    const key = copyBytes("create chain: chain key", chain.chainKey);
    const ratchetKey = copyPublicKey("create chain: ratchet key", chain.ratchetKey);
    const ratchetKeyPrivate =
      chain.ratchetKeyPrivate === undefined
        ? undefined
        : copyBytes("create chain: private ratchet key", chain.ratchetKeyPrivate);
    return new SessionChain({
      ratchetKey,
      ratchetKeyPrivate,
      chainKey: { index, key, closed: undefined, unknown: EMPTY },
      messageKeys: [],
      unknown: EMPTY,
      encoded: undefined,
    });
  }

  /** The stored parts: for codecs. */
  get parts(): SessionChainParts {
    return this.#parts;
  }

  /**
   * Names the chain, the same for as long as it exists: its public ratchet key in base64, empty when it has
   * none.
   */
  get id(): string {
    this.#id ??= encodeBase64(this.#parts.ratchetKey ?? EMPTY);
    return this.#id;
  }

  /** 33 bytes, or none. */
  get ratchetKey(): Uint8Array {
    return this.#parts.ratchetKey ?? EMPTY;
  }

  /** 32 bytes; `undefined` on a receiving chain. */
  get ratchetKeyPrivate(): Uint8Array | undefined {
    return present(this.#parts.ratchetKeyPrivate);
  }

  /** Counter of the next message. */
  get next(): number {
    return this.#parts.chainKey?.index ?? 0;
  }

  /** The chain key, 32 bytes; `undefined` when the chain is closed, so that it derives no further message. */
  get chainKey(): Uint8Array | undefined {
    return this.isClosed ? undefined : present(this.#parts.chainKey?.key);
  }

  /** Whether `close` ended it, before it was stored or since. */
  get isClosed(): boolean {
    const stored = this.#parts.chainKey;
    return stored?.closed === true || (stored?.key !== undefined && isRetiredKey(stored.key));
  }

  /** How many skipped message keys there are, at most 2,000. */
  get messageKeyCount(): number {
    return this.#parts.messageKeys.length;
  }

  /** Whether the chain belongs to this ratchet key. */
  hasRatchetKey(ratchetKey: Uint8Array): boolean {
    return sameBytes(this.ratchetKey, ratchetKey);
  }

  /**
   * What the keys of message `next` are derived from: 32 bytes, the caller's own. @throws {RangeError} When
   * it is closed.
   */
  messageSeed(): Uint8Array {
    return messageSeed(this.#requireKey("derive message key"));
  }

  /**
   * The chain whose next message is `bound`: the keys of the messages before it are gone. One HMAC a step. A
   * chain that is there already, or further, stays as it is.
   *
   * @param bound Exclusive bound on the counters that may have been used.
   * @throws {RangeError} When the chain is closed, or `bound` is more than 2,000 ahead.
   */
  fastForward(bound: number): SessionChain {
    requireUint32("fast-forward chain: bound", bound);
    const steps = bound - this.next;
    if (steps <= 0) return this;
    if (steps > MAX_FAST_FORWARD) {
      throw new RangeError(`fast-forward chain: ${steps} steps, at most ${MAX_FAST_FORWARD}`);
    }
    const key = steppedKey(this.#requireKey("fast-forward chain"), steps);
    return this.#with({ chainKey: { ...this.#storedChainKey(), index: bound, key } });
  }

  /**
   * The chain without its key: no further message can be derived from it, not by another client either, and
   * it reads as closed even after a client has dropped the field that says so. Its skipped keys, and on a
   * sending chain the private ratchet key, with which the peer's answers are read, stay.
   */
  close(): SessionChain {
    const key = this.chainKey;
    if (key === undefined) return this;
    return this.#with({ chainKey: { ...this.#storedChainKey(), key: retiredKey(key), closed: true } });
  }

  /** The keys of a message that was skipped, copied; `undefined` when they are not here. */
  messageKey(index: number): MessageKey | undefined {
    const stored = this.#parts.messageKeys.find((key) => key.index === index);
    return stored === undefined ? undefined : openStoredKey(stored);
  }

  /** The chain without the keys of that message. */
  withoutMessageKey(index: number): SessionChain {
    const at = this.#parts.messageKeys.findIndex((key) => key.index === index);
    if (at === -1) return this;
    const messageKeys = [...this.#parts.messageKeys];
    messageKeys.splice(at, 1);
    return this.#with({ messageKeys });
  }

  /**
   * The chain with the keys of skipped messages added behind those it has. Beyond 2,000 the first ones go.
   * What is given is copied.
   *
   * @throws {TypeError | RangeError} When a key is not what `MessageKey` says.
   */
  withMessageKeys(keys: readonly MessageKey[]): SessionChain {
    const added = keys.slice(-MAX_MESSAGE_KEYS).map(storeKey);
    const kept = this.#parts.messageKeys;
    const messageKeys = [...kept.slice(Math.max(0, kept.length + added.length - MAX_MESSAGE_KEYS)), ...added];
    return this.#with({ messageKeys });
  }

  #requireKey(action: string): Uint8Array {
    const key = this.chainKey;
    if (key === undefined || key.length !== KEY_BYTES) throw new RangeError(`${action}: the chain is closed`);
    return key;
  }

  #storedChainKey(): StoredChainKey {
    return this.#parts.chainKey ?? { index: undefined, key: undefined, closed: undefined, unknown: EMPTY };
  }

  #with(change: Partial<SessionChainParts>): SessionChain {
    const chain = new SessionChain({ ...this.#parts, ...change, encoded: undefined });
    chain.#id = this.#id;
    return chain;
  }
}

function present(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined || bytes.length === 0 ? undefined : bytes;
}
