/** Bytes of a key of AES-256. */
export const KEY_BYTES = 32;

/** Bytes of the initialisation vector of AES-GCM. */
export const IV_BYTES = 12;

/** Bytes of the authentication tag of AES-GCM. */
export const TAG_BYTES = 16;

/**
 * One key of AES-256-GCM, ready for use. `associatedData` is the caller's again when a call returns, also
 * when it returns a promise. The other bytes are when that settles.
 */
export interface SealerKey {
  /**
   * Encrypts a value.
   *
   * @param into A head of `headBytes`, whose last 12 are the initialisation vector, and room for as many
   *   bytes as the value has, and 16 more. The ciphertext and the tag are written there.
   */
  seal(
    into: Uint8Array,
    headBytes: number,
    value: Uint8Array,
    associatedData: Uint8Array,
  ): undefined | Promise<undefined>;
  /**
   * Decrypts what `seal` has written.
   *
   * @returns The value in new bytes, `undefined` when it is not authentic.
   */
  open(
    sealed: Uint8Array,
    headBytes: number,
    associatedData: Uint8Array,
  ): Uint8Array | undefined | Promise<Uint8Array | undefined>;
}

/** AES-256-GCM of a host. It may answer at once. */
export interface Sealer {
  /** Prepares a key of 32 bytes. The bytes are not used afterwards. */
  importKey(key: Uint8Array): SealerKey;
}
