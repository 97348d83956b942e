/**
 * Conditions of the service that callers can distinguish, besides those of the store.
 *
 * - `unauthorized`: there is no token, or it is not known.
 * - `forbidden`: the token does not allow the operation.
 * - `not-found`: there is no such account, device or token.
 * - `conflict`: the account is being deleted.
 * - `unanswered`: the holder of the account did not answer, so the outcome is unknown.
 */
export type ServiceErrorCode = "unauthorized" | "forbidden" | "not-found" | "conflict" | "unanswered";

/** The service refused an operation, or does not know its outcome. */
export class ServiceError extends Error {
  /** The reason, for programs. Codes are part of the API; messages are not. */
  readonly code: ServiceErrorCode;

  /** Creates the error. `message` reads `action: state` and must not contain secrets. */
  constructor(code: ServiceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ServiceError";
    this.code = code;
  }
}
