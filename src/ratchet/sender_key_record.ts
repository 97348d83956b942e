import { type Allocate, DELIMITED, delimitedSize, EMPTY, WireReader, WireWriter } from "../protobuf/mod.ts";
import { readSenderKeyState, senderKeyStateSize, writeSenderKeyState } from "./_sender_key_codec.ts";
import { mergeSenderKeyStates } from "./_sender_key_merge.ts";
import { DECODE_SENDER_KEY } from "./_sender_message_key.ts";
import type { SenderKeyState } from "./sender_key_state.ts";

/** Most sender keys of one sender in one group, as other clients bound them. The oldest goes first. */
export const MAX_SENDER_KEY_STATES = 5;

const STATE = (1 << 3) | DELIMITED;
/** Field 1. */
const KNOWN = 0b10;

/**
 * The sender keys of one sender in one group, newest first, at most 5.
 *
 * The stored form is the `SenderKeyRecordStructure` that Signal clients share. Fields that are not known here
 * are kept and written back, byte by byte, at every level.
 *
 * A record belongs to one owner at a time: hand out a `copy()`. Copies share the states, which never change
 * in place; what one copy changes the other does not see.
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

  /**
   * Decodes a record. The bytes are copied and stay the caller's.
   *
   * @throws {TypeError} When `bytes` is not a `Uint8Array`.
   * @throws {CorruptError} When the bytes are no record, a state lacks its chain or signing key, or the
   * limits are passed: 5 states, 2,000 message keys of one.
   * @throws {WrongLengthError} When a key has a length that no key of its kind has.
   */
  static decode(bytes: Uint8Array): SenderKeyRecord {
    if (!(bytes instanceof Uint8Array)) throw new TypeError(`${DECODE_SENDER_KEY}: not a Uint8Array`);
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
   * The record as it is stored. The bytes are the caller's own.
   *
   * @param allocate Gives the memory for them, of its own by default.
   */
  encode(allocate?: Allocate): Uint8Array {
    let size = this.#unknown.length;
    for (const state of this.#states) size += delimitedSize(senderKeyStateSize(state.parts));
    const writer = new WireWriter(size, allocate);
    for (const state of this.#states) writeSenderKeyState(writer, STATE, state.parts);
    writer.raw(this.#unknown);
    return writer.bytes;
  }

  /** A record of its own that is equal to this one. */
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

  /** What the next message will be sent with: the newest state, when it is our own. */
  get sendingState(): SenderKeyState | undefined {
    const newest = this.#states[0];
    return newest?.isOwn === true ? newest : undefined;
  }

  /** Takes a state in, in place of the one with its `id`, or as the newest: beyond 5 the oldest goes. */
  putState(state: SenderKeyState): void {
    const at = this.#states.findIndex((known) => known.id === state.id);
    if (at === -1) this.#states = [state, ...this.#states].slice(0, MAX_SENDER_KEY_STATES);
    else this.#states = this.#states.with(at, state);
  }

  /**
   * Burns the keys of one of our own states up to a bound: its next message is `bound`, unless it is there
   * already.
   *
   * @param chainId `SenderKeyState.id`.
   * @param bound Exclusive bound on the iterations that may have been used.
   * @throws {RangeError} When no own state has this id, or `bound` is more than 2,000 ahead.
   */
  fastForward(chainId: string, bound: number): void {
    const at = this.#states.findIndex((state) => state.isOwn && state.id === chainId);
    const state = this.#states[at];
    if (state === undefined) throw new RangeError("fast-forward sender key: no such own state");
    this.#states = this.#states.with(at, state.fastForward(bound));
  }

  /**
   * Drops our own states: the client finds none to send with and makes a new one, which every member has to
   * be sent. Who holds our sender key must be forgotten with it.
   */
  close(): void {
    this.#states = this.#states.filter((state) => !state.isOwn);
  }

  /**
   * Drops the skipped message keys of our own states, which are never asked for. libsignal-node keeps one
   * with each message that it sends.
   */
  pruneOwnMessageKeys(): void {
    if (this.#states.every((state) => !state.isOwn || state.messageKeyCount === 0)) return;
    this.#states = this.#states.map((state) => (state.isOwn ? state.withoutMessageKeys() : state));
  }

  /**
   * Takes in the states of the same sender's record under another address. This record's states come first,
   * then those of `other`; beyond 5 the last ones are dropped.
   *
   * - Two states of one sender key become one: of a peer's key the one that reads what either of them reads,
   *   of our own key the one with the greater iteration.
   * - Of two own sender keys this record's stays, and the own states of `other` are dropped. A state that
   *   only `other` sends with comes first, since the newest state is the one that sends.
   *
   * @param other Left as it is. Its unknown fields at the top of the record are not taken over.
   */
  absorb(other: SenderKeyRecord): void {
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
