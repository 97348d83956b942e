/**
 * Every condition that a caller may handle. Codes are part of the API; messages may change.
 *
 * - `fenced`: a later owner has opened the account; this commit wrote nothing, and later commits will fail as
 *   well.
 * - `corrupt`: stored bytes cannot be decoded.
 * - `wrong-length`: stored bytes have a length that no valid value has.
 * - `failed`: the backend could not carry out the call (I/O, network); the data is not known to be damaged.
 * - `ambiguous`: the backend may or may not have applied a commit; only the commit queue handles this.
 * - `busy`: another writer holds the database; a later retry may succeed.
 * - `refused`: the backend will never accept one of the writes (too large, constraint).
 * - `incompatible`: the database is of a kind or schema version that this release must not change.
 * - `halted`: too many saves in a row have failed; gates stay closed until a commit succeeds.
 * - `limit`: a bounded queue or buffer is full.
 * - `closed`: the object was closed before the call.
 * - `identity-conflict`: the change would give a paired account another identity.
 * - `sealed`: the account is encrypted, and the caller has no key or another one.
 * - `held`: the account is being imported or moved, or was moved elsewhere; it does not open.
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
  | "identity-conflict"
  | "sealed"
  | "held";

/**
 * Base class of all errors except mistakes of the caller, which are `TypeError` and `RangeError`. Messages
 * read `action: state` and never contain key bytes, tokens, records or SQL parameters.
 */
export class StoreError extends Error {
  /** The condition, for programs. Codes are part of the API; messages are not. */
  readonly code: StoreErrorCode;

  /**
   * Creates an error of the condition `code`. `message` reads `action: state` and must not contain secrets.
   * Pass what caused it as `options.cause`.
   */
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/**
 * A later owner has opened this account. The refused commit wrote nothing. Not retryable: open the account
 * again.
 */
export class FencedError extends StoreError {
  /** Creates the error with code `fenced`. `message` reads `action: state` and must not contain secrets. */
  constructor(message: string, options?: ErrorOptions) {
    super("fenced", message, options);
  }
}

/** Stored bytes cannot be decoded. They stay in the store. */
export class CorruptError extends StoreError {
  /** Creates the error with code `corrupt`. `message` reads `action: state` and must not contain secrets. */
  constructor(message: string, options?: ErrorOptions) {
    super("corrupt", message, options);
  }
}

/** A stored value has a length that no valid value of its kind has. The bytes stay in the store. */
export class WrongLengthError extends StoreError {
  /**
   * Creates the error with code `wrong-length`. `message` reads `action: state` and must not contain secrets.
   */
  constructor(message: string, options?: ErrorOptions) {
    super("wrong-length", message, options);
  }
}

/** The backend failed to carry out a call and applied nothing of it. Retryable. */
export class BackendError extends StoreError {
  /** Creates the error with code `failed`. `message` reads `action: state` and must not contain secrets. */
  constructor(message: string, options?: ErrorOptions) {
    super("failed", message, options);
  }
}

/**
 * The answer to a commit was lost. The commit was applied in full, was not applied, or may still be applied.
 */
export class AmbiguousError extends StoreError {
  /**
   * Creates the error with code `ambiguous`. `message` reads `action: state` and must not contain secrets.
   */
  constructor(message: string, options?: ErrorOptions) {
    super("ambiguous", message, options);
  }
}

/** Another writer holds the database. Nothing was applied. Retryable. */
export class BusyError extends StoreError {
  /** Creates the error with code `busy`. `message` reads `action: state` and must not contain secrets. */
  constructor(message: string, options?: ErrorOptions) {
    super("busy", message, options);
  }
}

/** The backend will never accept this commit as it is. Nothing was applied. */
export class RefusedError extends StoreError {
  /**
   * Index of the refused write in the list passed to `commit`; `undefined` when the backend does not know it.
   */
  readonly writeIndex: number | undefined;

  /** Creates the error with code `refused`. `message` reads `action: state` and must not contain secrets. */
  constructor(message: string, options?: ErrorOptions & { readonly writeIndex?: number | undefined }) {
    super("refused", message, options);
    this.writeIndex = options?.writeIndex;
  }
}

/**
 * The database belongs to another program, or its schema is newer than this release supports. Nothing was
 * changed.
 */
export class IncompatibleError extends StoreError {
  /**
   * Creates the error with code `incompatible`. `message` reads `action: state` and must not contain secrets.
   */
  constructor(message: string, options?: ErrorOptions) {
    super("incompatible", message, options);
  }
}

/**
 * Too many saves in a row failed. State stays in memory, and the engine keeps probing. Gates stay closed
 * until a commit succeeds.
 */
export class HaltedError extends StoreError {
  /** Creates the error with code `halted`. `message` reads `action: state` and must not contain secrets. */
  constructor(message: string, options?: ErrorOptions) {
    super("halted", message, options);
  }
}

/** A bounded queue or buffer is full, or an account is at a limit of its service. Nothing was accepted. */
export class LimitError extends StoreError {
  /** The limit of the account and what it allows; `undefined` for every other bound. */
  readonly limit: { readonly rule: string; readonly allowed: number } | undefined;

  /** Creates the error with code `limit`. `message` reads `action: state` and must not contain secrets. */
  constructor(message: string, options?: ErrorOptions & { readonly limit?: LimitError["limit"] }) {
    super("limit", message, options);
    this.limit = options?.limit;
  }
}

/** The object was closed. Nothing was accepted. */
export class ClosedError extends StoreError {
  /** Creates the error with code `closed`. `message` reads `action: state` and must not contain secrets. */
  constructor(message: string, options?: ErrorOptions) {
    super("closed", message, options);
  }
}

/**
 * The change would replace the identity key of a paired device, to which its sessions and pre-keys belong.
 * Nothing was changed. To link a new device, erase this account or open another one.
 */
export class IdentityConflictError extends StoreError {
  /**
   * Creates the error with code `identity-conflict`. `message` reads `action: state` and must not contain
   * secrets.
   */
  constructor(message: string, options?: ErrorOptions) {
    super("identity-conflict", message, options);
  }
}

/**
 * The account is encrypted and was opened without its keys or with other ones, or it is not encrypted and was
 * opened with keys. Nothing was changed, and no owner was fenced.
 */
export class SealedError extends StoreError {
  /** Creates the error with code `sealed`. `message` reads `action: state` and must not contain secrets. */
  constructor(message: string, options?: ErrorOptions) {
    super("sealed", message, options);
  }
}

/**
 * The account does not open, because it is not here as a whole, or not here any more. Nothing was changed.
 *
 * - `importing`: an import is under way or was interrupted. Import again: it begins anew.
 * - `arriving`: a move brings the account here. Resume or abort it.
 * - `moving`: a move takes the account from here. Resume or abort it.
 * - `moved`: a move took the account elsewhere. Open it there; the move may have to be resumed first.
 */
export class HeldError extends StoreError {
  /** `undefined` when the error was received from a service. */
  readonly state: "importing" | "arriving" | "moving" | "moved" | undefined;

  /** Creates the error with code `held`. `message` reads `action: state` and must not contain secrets. */
  constructor(message: string, options?: ErrorOptions & { readonly state?: HeldError["state"] }) {
    super("held", message, options);
    this.state = options?.state;
  }
}

/** What holds an account that does not open. */
export type HeldState = NonNullable<HeldError["state"]>;
