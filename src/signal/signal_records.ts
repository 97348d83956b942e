/** What a put answers. */
export interface Ticket {
  /**
   * Whether the address waits for a commit: a ciphertext must not leave before `SignalStoreCache.publishable`
   * has resolved for this address. Without it the message may be sent at once.
   */
  readonly gated: boolean;
}

/** Nothing waits for a commit. */
export const OPEN: Ticket = Object.freeze({ gated: false });

/** The address waits for a commit. */
export const GATED: Ticket = Object.freeze({ gated: true });

/** What lands with a record. */
export interface PutOptions {
  /** The one-time pre-key that this session consumed: see `SignalRecords.consumePreKey`. */
  readonly consumedPreKeyId?: number | undefined;
}

/**
 * Sessions by Signal address, or sender keys by sender key name, as live objects.
 *
 * A change that depends on what was loaded belongs under the lock of its address
 * (`SignalStoreCache.withAddress`, `withSenderKey`), from the load to the put. Nothing here takes a lock.
 */
export interface SignalRecords<T> {
  /**
   * A copy of the record, the caller's own; `undefined` when there is none. One that another incarnation
   * wrote has its keys burned that may have left. A stored record that cannot be read is set aside and is
   * absent; so is one that is older than a restore.
   *
   * @throws {CorruptError | WrongLengthError} When it is our own sender key that cannot be read. It is left
   * as it is: delete it to begin a new one.
   * @throws {StoreError} When the backend could not be read. It is asked again next time.
   */
  load(address: string): Promise<T | undefined>;

  /** `load` for many addresses, in their order; those that are not in memory are read together. */
  loadMany(addresses: readonly string[]): Promise<(T | undefined)[]>;

  /**
   * The record in memory, without waiting: the cache's own object, to be read and never changed. `undefined`
   * when there is none, or when it is not in memory.
   */
  peek(address: string): T | undefined;

  /** Whether there is a record that can be read. */
  has(address: string): Promise<boolean>;

  /**
   * Takes a record over: it is the cache's from now on and must not be changed any more. When the promise
   * resolves, the record is in memory, and what is loaded from then on comes from it. It is durable after a
   * flush.
   *
   * @throws {RangeError} When `consumedPreKeyId` is no pre-key's, or when the record has begun to send on
   * another chain and the one that it leaves is more than 2,000 messages behind where it has been: it was
   * made from an old copy. Nothing is changed.
   * @throws {RewindError} When its counter went back on the chain that it sends on. Nothing is changed.
   * @throws {LimitError} When too much is dirty and nothing could be written for too long. Nothing is
   * changed.
   * @throws {StoreError} When the address is not in memory and could not be read. Nothing is changed.
   */
  put(address: string, record: T, options?: PutOptions): Promise<Ticket>;

  /**
   * Removes the record. The address stays gated if it was, until the removal is durable. Pre-keys that an
   * unwritten session consumed stay.
   *
   * @throws {TypeError} When nothing can be stored under this address.
   * @throws {LimitError} As `put`.
   */
  delete(address: string): Promise<void>;

  /**
   * Removes the one-time pre-key that the session of this address consumed, in the commit that writes the
   * session. Call it after the put, under the same lock; with no session there, it waits for the next put for
   * as long as the address stays in memory. Deleting the session before it was written keeps the pre-key.
   *
   * @throws {RangeError} When the id is no pre-key's.
   */
  consumePreKey(address: string, preKeyId: number): Promise<void>;
}
