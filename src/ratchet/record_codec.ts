import type { Allocate } from "../protobuf/mod.ts";

/** A chain that a record sends on. */
export interface SendingChain {
  /**
   * Names the chain: the same before and after a step, a copy, and an encoding and decoding; different for
   * every other chain of the record. It is made of public keys.
   */
  readonly id: string;
  /** Counter of the next message that will be sent on it. Every counter below it may have left. */
  readonly next: number;
  /**
   * Whether it came out of the archive since the record was decoded: an older chain, not a fresh one. Where
   * the bound of the lease is carried over to a new chain, it must not be to this one: gate its first send,
   * so that what the archive says of it is never behind what has left.
   */
  readonly isResumed: boolean;
}

/**
 * What the Signal cache has to know about the records that it holds, so that a client's own session object
 * can be one while the stored bytes stay the standard ones.
 *
 * Who owns what: a record has one owner, who alone changes it. Methods are synchronous, and what they throw
 * leaves the record as it was. `T` is never `undefined`.
 */
export interface RecordCodec<T> {
  /**
   * Reads stored bytes, and takes them over: the caller must not write to them afterwards, and the record may
   * keep parts of them.
   *
   * @throws {CorruptError} When they do not decode.
   * @throws {WrongLengthError} When they decode and a key has a length that no key of its kind has.
   */
  decode(bytes: Uint8Array): T;

  /**
   * The stored form. The bytes are the caller's own. The record is as it was, except that it may drop what
   * must not be stored. `decode` reads whatever `encode` wrote.
   *
   * @param allocate May be asked for the memory, which many records encoded together then share: not to be
   * handed on by its buffer.
   */
  encode(record: T, allocate?: Allocate): Uint8Array;

  /**
   * A record of its own: neither sees what is done to the other. What never changes in place may be shared.
   */
  copy(record: T): T;

  /**
   * The chain that a message would be sent on if the record were used as it is: none when it is closed, and
   * never one that stands in an archive. It is called with every put.
   */
  sendingChain(record: T): SendingChain | undefined;

  /**
   * Burns keys of the `sendingChain`, or of a chain that was it before its session went to the archive, so
   * that its next counter is `bound`; nothing happens when it is that or more already. The record's other
   * chains are not changed. The chain is no longer resumed.
   *
   * @param bound Exclusive bound on the counters that may have left.
   * @throws {RangeError} When there is no such chain, or `bound` is more than 2,000 ahead, which no receiver
   * follows.
   */
  fastForward(record: T, chainId: string, bound: number): void;

  /**
   * Makes the record one that has no sending chain and reads as closed to its client, which begins a new
   * session or sender key. What the peer has sent or will send on its old chains is still read.
   */
  close(record: T): void;
}
