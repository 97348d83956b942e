/** Result of a put. */
export interface Ticket {
  /**
   * Whether the address is gated: a ciphertext must not be sent before `SignalStoreCache.publishable` has
   * resolved for this address. If false, the message may be sent at once.
   */
  readonly gated: boolean;
}

/** Ticket of an address without a gate. */
export const OPEN: Ticket = Object.freeze({ gated: false });

/** Ticket of a gated address. */
export const GATED: Ticket = Object.freeze({ gated: true });

/** Options of a put. */
export interface PutOptions {
  /** The one-time pre-key that this session consumed: see `SignalRecords.consumePreKey`. */
  readonly consumedPreKeyId?: number | undefined;
}

/**
 * Sessions by Signal address, or sender keys by sender key name, as live objects.
 *
 * Hold the lock of the address (`SignalStoreCache.withAddress`, `withSenderKey`) from a load to the put that
 * depends on it. These methods take no lock.
 */
export interface SignalRecords<T> {
  /**
   * A copy of the record, owned by the caller; `undefined` when there is none. In a record of another
   * incarnation, keys that may have been used are burned. An invalid stored record goes to the quarantine and
   * reads as absent. A session older than a restore is closed, and our own sender key of then is removed.
   *
   * @throws {TypeError} When the address is invalid.
   * @throws {CorruptError | WrongLengthError} When our own sender key is invalid. It stays stored: delete it
   * to begin a new one.
   * @throws {StoreError} When the read failed. The next call reads again.
   */
  load(address: string): Promise<T | undefined>;

  /** `load` for many addresses, in their order, with one read for those that are not in memory. */
  loadMany(addresses: readonly string[]): Promise<(T | undefined)[]>;

  /**
   * The record in memory; `undefined` when there is none or it is not in memory. The cache owns it: do not
   * change it.
   */
  peek(address: string): T | undefined;

  /** Whether there is a valid record. */
  has(address: string): Promise<boolean>;

  /**
   * Stores a record. The cache owns it: do not change it afterwards. When the promise resolves, the record is
   * in memory and later loads return it. It is durable after a flush.
   *
   * @throws {TypeError} When the address is invalid, or the value is no record. Nothing has changed.
   * @throws {RangeError} When `consumedPreKeyId` is not a valid id, or when the record has a new sending
   * chain and its previous one is more than `MAX_SKIPPED_MESSAGES` behind, so that it comes from an old copy.
   * Nothing has changed.
   * @throws {RewindError} When the counter went back on the sending chain. Nothing has changed.
   * @throws {LimitError} When there is no room for dirty entries in time. Nothing has changed.
   * @throws {StoreError} When the address is not in memory and the read failed. Nothing has changed.
   */
  put(address: string, record: T, options?: PutOptions): Promise<Ticket>;

  /**
   * Removes the record. A gated address stays gated until the removal is durable. Pre-keys consumed by a
   * session that is not durable stay.
   *
   * @throws {TypeError} When the address is invalid.
   * @throws {LimitError} As `put`.
   */
  delete(address: string): Promise<void>;

  /**
   * Removes the one-time pre-key that the session of this address consumed, in the commit that writes the
   * session. Call it after the put, under the same lock. Without a session, the removal waits for the next
   * put while the address stays in memory. Deleting the session before it is durable keeps the pre-key.
   *
   * @throws {RangeError} When the id is not a valid pre-key id.
   */
  consumePreKey(address: string, preKeyId: number): Promise<void>;
}
