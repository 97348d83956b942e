import { isBytes } from "../bytes/mod.ts";
import { ArgumentTypeError } from "../errors/mod.ts";
import { type Allocate, DELIMITED, delimitedSize, EMPTY, WireReader, WireWriter } from "../protobuf/mod.ts";
import { checkedAllocate, requireInstance } from "./_arguments.ts";
import { readSenderKeyState, senderKeyStateSize, writeSenderKeyState } from "./_sender_key_codec.ts";
import { mergeSenderKeyStates } from "./_sender_key_merge.ts";
import { DECODE_SENDER_KEY } from "./_sender_message_key.ts";
import { SenderKeyState } from "./sender_key_state.ts";

/**
 * Maximum number of sender keys of one sender in one group, as in other clients. The oldest is dropped first.
 */
export const MAX_SENDER_KEY_STATES = 5;

const STATE = (1 << 3) | DELIMITED;
/** Field 1. */
const KNOWN = 0b10;

/**
 * The sender keys of one sender in one group, newest first, at most 5.
 *
 * The stored form is the `SenderKeyRecordStructure` of Signal clients. Unknown fields at every level are kept
 * and written back unchanged.
 *
 * A record has one owner: pass a `copy()` to others. Copies share the states, which are immutable, and are
 * otherwise independent.
 *
 * @example
 * ```ts
 * import { SenderKeyRecord, SenderKeyState } from "@holdfast/store/signal";
 *
 * const record = new SenderKeyRecord();
 * const signingPublic = new Uint8Array(33).fill(5, 0, 1);
 * record.putState(SenderKeyState.create({ keyId: 7, seed: new Uint8Array(32), signingPublic }));
 *
 * const state = SenderKeyRecord.decode(record.encode()).state(7);
 * if (state === undefined || state.isOwn) throw new Error("the sender key was lost");
 * ```
 */
export class SenderKeyRecord {
  #states: readonly SenderKeyState[] = [];
  #unknown: Uint8Array = EMPTY;

  /** Whether a value is a record of this class. */
  static is(value: unknown): value is SenderKeyRecord {
    return typeof value === "object" && value !== null && #unknown in value;
  }

  /**
   * Decodes a record. Copies the bytes.
   *
   * @throws {TypeError} When `bytes` is not a `Uint8Array`.
   * @throws {CorruptError} When the bytes do not decode, a state lacks its chain or signing key, or a limit
   * is exceeded: 5 states, 2,000 message keys per state.
   * @throws {WrongLengthError} When a key has an invalid length.
   */
  static decode(bytes: Uint8Array): SenderKeyRecord {
    if (!isBytes(bytes)) throw new ArgumentTypeError(`${DECODE_SENDER_KEY}: not a Uint8Array`);
    const reader = new WireReader(new Uint8Array(bytes), DECODE_SENDER_KEY);
    const states: SenderKeyState[] = [];
    let rest: number[] | undefined;
    while (reader.more()) {
      const tag = reader.tag();
      if (tag !== STATE) {
        rest = reader.unknown(tag, KNOWN, rest);
        continue;
      }
      if (states.length === MAX_SENDER_KEY_STATES) throw reader.corrupt("too many states");
      const outer = reader.enter();
      states.push(readSenderKeyState(reader));
      reader.leave(outer);
    }
    const record = new SenderKeyRecord();
    record.#states = states;
    record.#unknown = reader.join(rest);
    return record;
  }

  /**
   * Encodes the record. The caller owns the bytes.
   *
   * @param allocate Allocates the result. Defaults to separate memory.
   */
  encode(allocate?: Allocate): Uint8Array {
    let size = this.#unknown.length;
    for (const state of this.#states) size += delimitedSize(senderKeyStateSize(state.parts));
    const writer = new WireWriter(size, checkedAllocate("encode sender key", allocate));
    for (const state of this.#states) writeSenderKeyState(writer, STATE, state.parts);
    writer.raw(this.#unknown);
    return writer.bytes;
  }

  /** Returns an independent copy. */
  copy(): SenderKeyRecord {
    const copy = new SenderKeyRecord();
    copy.#states = this.#states;
    copy.#unknown = this.#unknown;
    return copy;
  }

  /** Newest first. */
  get states(): readonly SenderKeyState[] {
    return this.#states;
  }

  /** The newest state with this key id. */
  state(keyId: number): SenderKeyState | undefined {
    return this.#states.find((state) => state.keyId === keyId);
  }

  /** The state of the next message to send: the newest state, if it is our own. */
  get sendingState(): SenderKeyState | undefined {
    const newest = this.#states[0];
    return newest?.isOwn === true ? newest : undefined;
  }

  /**
   * Replaces the state with the same `id`, or adds the state as the newest. Beyond 5 states the oldest is
   * dropped.
   */
  putState(state: SenderKeyState): void {
    requireInstance("put sender key", "SenderKeyState", SenderKeyState, state);
    const at = this.#states.findIndex((known) => known.id === state.id);
    if (at === -1) this.#states = [state, ...this.#states].slice(0, MAX_SENDER_KEY_STATES);
    else this.#states = this.#states.with(at, state);
  }

  /**
   * Burns the keys of one of our own states up to a bound: its next iteration is then at least `bound`.
   *
   * @param chainId `SenderKeyState.id`.
   * @param bound Exclusive bound on the iterations that may have been used.
   * @throws {RangeError} When no own state has this id, or `bound` is more than `MAX_SKIPPED_MESSAGES` ahead.
   */
  fastForward(chainId: string, bound: number): void {
    const at = this.#states.findIndex((state) => state.isOwn && state.id === chainId);
    const state = this.#states[at];
    if (state === undefined) throw new RangeError("fast-forward sender key: no such own state");
    this.#states = this.#states.with(at, state.fastForward(bound));
  }

  /**
   * Drops our own states: the client then creates a new sender key and sends it to every member. The caller
   * must also clear the marks of devices that hold our key.
   */
  close(): void {
    this.#states = this.#states.filter((state) => !state.isOwn);
  }

  /**
   * Drops the skipped message keys of our own states, which are never used. libsignal-node keeps one for each
   * message that it sends.
   */
  pruneOwnMessageKeys(): void {
    if (this.#states.every((state) => !state.isOwn || state.messageKeyCount === 0)) return;
    this.#states = this.#states.map((state) => (state.isOwn ? state.withoutMessageKeys() : state));
  }

  /**
   * Adds the states of the same sender's record under another address. This record's states come first, then
   * those of `other`; states beyond 5 are dropped.
   *
   * - Two states of one sender key are merged: for a peer's key the result reads the messages of both, for
   *   our own key it has the greater iteration.
   * - If both records have own sender keys, this record's stay and those of `other` are dropped. If only
   *   `other` has one, its sending state comes first, because the newest state sends.
   *
   * @param other Not changed. Its unknown fields at the top level are not added.
   */
  absorb(other: SenderKeyRecord): void {
    requireInstance("absorb sender keys", "SenderKeyRecord", SenderKeyRecord, other);
    const sends = this.sendingState !== undefined;
    const mine = this.#states.map((state) => {
      const theirs = other.#states.find(({ id }) => id === state.id);
      return theirs === undefined ? state : mergeSenderKeyStates(state, theirs);
    });
    const added = other.#states.filter(({ id, isOwn }) => {
      return !(sends && isOwn) && mine.every((state) => state.id !== id);
    });
    const sending = added.filter((state) => state === other.sendingState);
    const rest = added.filter((state) => state !== other.sendingState);
    this.#states = [...sending, ...mine, ...rest].slice(0, MAX_SENDER_KEY_STATES);
  }
}
