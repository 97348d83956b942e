import type { Allocate } from "../protobuf/mod.ts";

/** The sending chain of a record. */
export interface SendingChain {
  /**
   * Id of the chain: stable over steps, copies, encoding and decoding, and unique within the record. It
   * consists of public keys.
   */
  readonly id: string;
  /** Counter of the next message to send. Every lower counter may have been sent. */
  readonly next: number;
  /**
   * Whether the chain came out of the archive after the record was decoded, so that it is an older chain. The
   * bound of a lease must not carry over to it. Gate its first send, so that the stored counter is never
   * behind the sent messages.
   */
  readonly isResumed: boolean;
}

/**
 * The operations of the Signal cache on its records. They let a client use its own session objects while the
 * stored bytes keep the standard format.
 *
 * Each record has one owner, and only the owner changes it. Methods are synchronous, and one that throws
 * leaves the record unchanged. `T` is never `undefined`.
 */
export interface RecordCodec<T> {
  /**
   * Decodes stored bytes and owns them: the caller must not write to them afterwards, and the record may keep
   * views of them.
   *
   * @throws {CorruptError} When they do not decode.
   * @throws {WrongLengthError} When a key has an invalid length.
   */
  decode(bytes: Uint8Array): T;

  /**
   * Encodes the record. The caller owns the bytes. The record is unchanged, except that it may drop data that
   * must not be stored. `decode` must read the result.
   *
   * @param allocate Allocates the result. Several records may share its buffer, so do not pass on the buffer.
   */
  encode(record: T, allocate?: Allocate): Uint8Array;

  /** Returns an independent copy. Copies may share immutable parts. */
  copy(record: T): T;

  /**
   * The chain of the next message; `undefined` when the session is closed, and never an archived chain.
   * Called with every put.
   */
  sendingChain(record: T): SendingChain | undefined;

  /**
   * Burns keys of the `sendingChain`, or of an archived session's sending chain, so that its next counter is
   * `bound`. Does nothing when the counter is `bound` or greater. The record's other chains do not change.
   * The chain is no longer resumed.
   *
   * @param bound Exclusive bound on the counters that may have been sent.
   * @throws {RangeError} When there is no such chain, or `bound` is more than `MAX_SKIPPED_MESSAGES` ahead,
   * beyond which receivers do not follow.
   */
  fastForward(record: T, chainId: string, bound: number): void;

  /**
   * Removes the sending chains, also those of archived sessions, so that the client sees a closed record and
   * begins a new session or sender key. Messages of the peer on its old chains can still be decrypted. An
   * archived session that a late message brings back does not send on its stored chain either.
   */
  close(record: T): void;
}
