import { encodeBase64, isBytes, KEY_BYTES, sameBytes } from "../bytes/mod.ts";
import { ArgumentTypeError, requireList, requireObject } from "../errors/mod.ts";
import { EMPTY, type Place } from "../protobuf/mod.ts";
import { copyBytes, copyPublicKey, requireUint32 } from "./_arguments.ts";
import { isRetiredKey, messageSeed, retiredKey, steppedKey } from "./_chain_step.ts";
import { type MessageKey, openStoredKey, type StoredKey, storeKey } from "./message_key.ts";

/** Maximum number of skipped message keys of one chain, as in other clients. The oldest are dropped first. */
export const MAX_MESSAGE_KEYS = 2_000;

/**
 * Maximum number of messages of one chain that a receiver skips: libsignal rejects a message that is further
 * ahead. So it is also the maximum number of steps of one fast-forward. Close a chain that needs more.
 */
export const MAX_SKIPPED_MESSAGES = 2_000;

/** The stored key of a chain's next message. Fields missing from the bytes are `undefined`. */
export interface StoredChainKey {
  /** Counter of the next message. */
  readonly index: number | undefined;
  /** The chain key, 32 bytes. Of a closed chain it derives nothing. */
  readonly key: Uint8Array | undefined;
  /** Whether the chain was closed: its key was thrown away. */
  readonly closed: boolean | undefined;
  /** Unknown fields, encoded. */
  readonly unknown: Uint8Array;
}

/** A stored chain. Fields missing from the bytes are `undefined`; an empty key counts as absent. */
export interface SessionChainParts {
  /** Public ratchet key, 33 bytes with the 0x05 prefix. */
  readonly ratchetKey: Uint8Array | undefined;
  /** Private ratchet key, 32 bytes; `undefined` on a receiving chain. */
  readonly ratchetKeyPrivate: Uint8Array | undefined;
  /** The key of the next message and its counter. */
  readonly chainKey: StoredChainKey | undefined;
  /** Keys of skipped messages, the earliest kept first, at most `MAX_MESSAGE_KEYS`. */
  readonly messageKeys: readonly StoredKey[];
  /** Unknown fields, encoded. */
  readonly unknown: Uint8Array;
  /** The encoded chain as read; `undefined` after any change. */
  readonly encoded: Uint8Array | undefined;
}

/** Parts of a new chain. */
export interface NewSessionChain {
  /**
   * Public ratchet key, 33 bytes with the 0x05 prefix: ours on a sending chain, the peer's on a receiving
   * one.
   */
  readonly ratchetKey: Uint8Array;
  /** Private ratchet key, 32 bytes; only on a sending chain. */
  readonly ratchetKeyPrivate?: Uint8Array | undefined;
  /** 32 bytes. */
  readonly chainKey: Uint8Array;
  /** Counter of the next message. Defaults to 0. */
  readonly index?: number | undefined;
}

const NO_PARTS: SessionChainParts = {
  ratchetKey: undefined,
  ratchetKeyPrivate: undefined,
  chainKey: undefined,
  messageKeys: [],
  unknown: EMPTY,
  encoded: undefined,
};

/**
 * The chain of one ratchet key: the key of the next message, and keys of skipped messages.
 *
 * Immutable, so that copies of a session share it: each operation returns a new chain. It owns the bytes that
 * it returns: do not write to them.
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
  #parts: SessionChainParts | undefined;
  /** Where the stored form is, and what decodes it. */
  #packed: Place | undefined;
  #decode: ((encoded: Uint8Array) => SessionChainParts) | undefined;
  #id: string | undefined;

  /** Whether a value is a chain of this class. */
  static is(value: unknown): value is SessionChain {
    return typeof value === "object" && value !== null && #parts in value;
  }

  /** For codecs: uses stored parts without checks and copies. Use `create` elsewhere. */
  constructor(parts: SessionChainParts) {
    this.#parts = parts;
  }

  /**
   * For codecs: a chain that is decoded when its parts are used. Of the five receiving chains of a session
   * most are never used again, and their parts need several times the memory of their bytes.
   *
   * @param packed Where the encoded chain is, valid and owned by the chain.
   * @param decode Decodes it.
   */
  static packed(
    packed: { readonly source: Uint8Array; readonly start: number; readonly end: number },
    decode: (encoded: Uint8Array) => SessionChainParts,
  ): SessionChain {
    const chain = new SessionChain(NO_PARTS);
    chain.#parts = undefined;
    chain.#packed = packed;
    chain.#decode = decode;
    return chain;
  }

  /**
   * Creates a chain from copies of the parts.
   *
   * @throws {TypeError | RangeError} When a part is invalid.
   */
  static create(chain: NewSessionChain): SessionChain {
    requireObject("create chain: chain", chain);
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
    this.#parts ??= this.#decode?.(this.encoded as Uint8Array) as SessionChainParts;
    return this.#parts;
  }

  /** The encoded chain as read; `undefined` after any change: for codecs. */
  get encoded(): Uint8Array | undefined {
    const packed = this.#packed;
    return packed === undefined ? this.#parts?.encoded : packed.source.subarray(packed.start, packed.end);
  }

  /** Id of the chain, which never changes: its public ratchet key in base64, or the empty text. */
  get id(): string {
    this.#id ??= encodeBase64(this.parts.ratchetKey ?? EMPTY);
    return this.#id;
  }

  /** 33 bytes, or empty. */
  get ratchetKey(): Uint8Array {
    return this.parts.ratchetKey ?? EMPTY;
  }

  /** 32 bytes; `undefined` on a receiving chain. */
  get ratchetKeyPrivate(): Uint8Array | undefined {
    return present(this.parts.ratchetKeyPrivate);
  }

  /** Counter of the next message. */
  get next(): number {
    return this.parts.chainKey?.index ?? 0;
  }

  /** The chain key, 32 bytes; `undefined` when the chain is closed. */
  get chainKey(): Uint8Array | undefined {
    return this.isClosed ? undefined : present(this.parts.chainKey?.key);
  }

  /** Whether `close` was called, also before the chain was stored. */
  get isClosed(): boolean {
    const stored = this.parts.chainKey;
    return stored?.closed === true || (stored?.key !== undefined && isRetiredKey(stored.key));
  }

  /** Number of skipped message keys, at most `MAX_MESSAGE_KEYS`. */
  get messageKeyCount(): number {
    return this.parts.messageKeys.length;
  }

  /** Whether this is the chain of a ratchet key. @throws {TypeError} When it is not bytes. */
  hasRatchetKey(ratchetKey: Uint8Array): boolean {
    if (!isBytes(ratchetKey)) throw new ArgumentTypeError("find chain: the ratchet key is not a Uint8Array");
    return sameBytes(this.ratchetKey, ratchetKey);
  }

  /**
   * The seed of message `next`: 32 bytes, owned by the caller. @throws {RangeError} When the chain is closed.
   */
  messageSeed(): Uint8Array {
    return messageSeed(this.#requireKey("derive message key"));
  }

  /**
   * The chain whose next counter is `bound`, without the keys of earlier messages. One HMAC per step. Returns
   * this chain when it has reached `bound`.
   *
   * @param bound Exclusive bound on the counters that may have been used.
   * @throws {RangeError} When the chain is closed, or `bound` is more than `MAX_SKIPPED_MESSAGES` ahead.
   */
  fastForward(bound: number): SessionChain {
    requireUint32("fast-forward chain: bound", bound);
    const steps = bound - this.next;
    if (steps <= 0) return this;
    if (steps > MAX_SKIPPED_MESSAGES) {
      throw new RangeError(`fast-forward chain: ${steps} steps, at most ${MAX_SKIPPED_MESSAGES}`);
    }
    const key = steppedKey(this.#requireKey("fast-forward chain"), steps);
    return this.#with({ chainKey: { ...this.#storedChainKey(), index: bound, key } });
  }

  /**
   * The chain without its key, from which no client can derive further messages. It stays closed even if a
   * client drops the `closed` field. It keeps its skipped keys and the private ratchet key, which decrypts
   * the peer's answers.
   */
  close(): SessionChain {
    const key = this.chainKey;
    if (key === undefined) return this;
    return this.#with({ chainKey: { ...this.#storedChainKey(), key: retiredKey(key), closed: true } });
  }

  /** Copies of the keys of a skipped message; `undefined` when there are none. */
  messageKey(index: number): MessageKey | undefined {
    const stored = this.parts.messageKeys.find((key) => key.index === index);
    return stored === undefined ? undefined : openStoredKey(stored);
  }

  /** The chain without the keys of that message. */
  withoutMessageKey(index: number): SessionChain {
    const at = this.parts.messageKeys.findIndex((key) => key.index === index);
    if (at === -1) return this;
    const messageKeys = [...this.parts.messageKeys];
    messageKeys.splice(at, 1);
    return this.#with({ messageKeys });
  }

  /**
   * The chain with copies of further skipped keys. Beyond `MAX_MESSAGE_KEYS` the first keys are dropped.
   *
   * @throws {TypeError | RangeError} When a key is invalid.
   */
  withMessageKeys(keys: readonly MessageKey[]): SessionChain {
    requireList("keep message keys: keys", keys);
    const added = keys.slice(-MAX_MESSAGE_KEYS).map(storeKey);
    const kept = this.parts.messageKeys;
    const messageKeys = [...kept.slice(Math.max(0, kept.length + added.length - MAX_MESSAGE_KEYS)), ...added];
    return this.#with({ messageKeys });
  }

  #requireKey(action: string): Uint8Array {
    const key = this.chainKey;
    if (key === undefined || key.length !== KEY_BYTES) throw new RangeError(`${action}: the chain is closed`);
    return key;
  }

  #storedChainKey(): StoredChainKey {
    return this.parts.chainKey ?? { index: undefined, key: undefined, closed: undefined, unknown: EMPTY };
  }

  #with(change: Partial<SessionChainParts>): SessionChain {
    const chain = new SessionChain({ ...this.parts, ...change, encoded: undefined });
    chain.#id = this.#id;
    return chain;
  }
}

function present(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined || bytes.length === 0 ? undefined : bytes;
}
