/**
 * Reasons to reject a request itself.
 *
 * - `invalid`: it is malformed.
 * - `too-large`: its body is larger than the limit.
 * - `unsupported`: its body has another media type or encoding.
 */
export type RequestErrorCode = "invalid" | "too-large" | "unsupported";

/** A request that the application does not accept. */
export class RequestError extends Error {
  readonly code: RequestErrorCode;

  constructor(code: RequestErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RequestError";
    this.code = code;
  }
}
