/**
 * Every condition that a caller might want to tell apart. The code is the API; messages are for people and
 * may change.
 *
 * - `fenced`: a later owner has opened the account; nothing of the commit was written, and no later one will
 *   be.
 * - `corrupt`: stored bytes cannot be understood.
 * - `wrong-length`: stored bytes are understood and have a length that no valid value has.
 * - `failed`: the backend could not carry out the call (I/O, network); nothing is known to be wrong with the
 *   data.
 * - `ambiguous`: the backend may or may not have applied a commit; only the commit queue handles this.
 * - `busy`: another writer holds the database; trying again later is right.
 * - `refused`: the backend will never accept one of the writes (too large, constraint).
 * - `incompatible`: the database is of a kind or a schema version that this release must not touch.
 * - `halted`: saving has failed too often in a row; gates are shut until a commit succeeds.
 * - `limit`: a bounded queue or buffer is full and did not drain.
 * - `closed`: the object was closed before the call.
 * - `identity-conflict`: the change would give a paired account another identity.
 */
export type StoreErrorCode =
  | "fenced"
  | "corrupt"
  | "wrong-length"
  | "failed"
  | "ambiguous"
  | "busy"
  | "refused"
  | "incompatible"
  | "halted"
  | "limit"
  | "closed"
  | "identity-conflict";

/**
 * The root of all errors that are not the caller's mistake (those are `TypeError` and `RangeError`).
 * Messages read `action: state` and never contain key bytes, tokens, records or SQL parameters.
 */
export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/**
 * A later owner has opened this account. Nothing of the refused commit was written. Not retryable: open the
 * account again.
 */
export class FencedError extends StoreError {
  constructor(message: string, options?: ErrorOptions) {
    super("fenced", message, options);
  }
}

/** Stored bytes cannot be decoded. The bytes are left where they are. */
export class CorruptError extends StoreError {
  constructor(message: string, options?: ErrorOptions) {
    super("corrupt", message, options);
  }
}

/** A stored value has a length that no valid value of its kind has. The bytes are left where they are. */
export class WrongLengthError extends StoreError {
  constructor(message: string, options?: ErrorOptions) {
    super("wrong-length", message, options);
  }
}

/** The backend failed to carry out a call and applied nothing of it. Retryable. */
export class BackendError extends StoreError {
  constructor(message: string, options?: ErrorOptions) {
    super("failed", message, options);
  }
}

/**
 * The answer to a commit was lost: it was applied as a whole, or not at all, or may still be applied later.
 */
export class AmbiguousError extends StoreError {
  constructor(message: string, options?: ErrorOptions) {
    super("ambiguous", message, options);
  }
}

/** Another writer holds the database. Nothing was applied. Retryable. */
export class BusyError extends StoreError {
  constructor(message: string, options?: ErrorOptions) {
    super("busy", message, options);
  }
}

/** The backend will never accept this commit as it is. Nothing was applied. */
export class RefusedError extends StoreError {
  /**
   * Index, in the list given to `commit`, of the write that was refused; `undefined` when the backend cannot
   * tell.
   */
  readonly writeIndex: number | undefined;

  constructor(message: string, options?: ErrorOptions & { readonly writeIndex?: number | undefined }) {
    super("refused", message, options);
    this.writeIndex = options?.writeIndex;
  }
}

/** The database is not ours, or its schema is newer than this release understands. Nothing was changed. */
export class IncompatibleError extends StoreError {
  constructor(message: string, options?: ErrorOptions) {
    super("incompatible", message, options);
  }
}

/**
 * Saving failed too often in a row. State stays in memory and probing goes on. Gates are shut until a commit
 * succeeds.
 */
export class HaltedError extends StoreError {
  constructor(message: string, options?: ErrorOptions) {
    super("halted", message, options);
  }
}

/** A bounded queue or buffer is full. Nothing was accepted. */
export class LimitError extends StoreError {
  constructor(message: string, options?: ErrorOptions) {
    super("limit", message, options);
  }
}

/** The object was closed. Nothing was accepted. */
export class ClosedError extends StoreError {
  constructor(message: string, options?: ErrorOptions) {
    super("closed", message, options);
  }
}

/**
 * The change would replace the identity key of a paired device, whose sessions and pre-keys belong to the key
 * that it has. Nothing was changed. To link a new device, erase this account or open another one.
 */
export class IdentityConflictError extends StoreError {
  constructor(message: string, options?: ErrorOptions) {
    super("identity-conflict", message, options);
  }
}
