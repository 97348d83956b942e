import type { Violation } from "./violation.ts";

/**
 * Reasons to reject a request itself.
 *
 * - `invalid`: it is malformed.
 * - `method-not-allowed`: the path has no such method. Header `allow` has those that it has.
 * - `too-large`: its body is larger than the limit.
 * - `unsupported`: its body has another media type or encoding.
 */
export type RequestErrorCode = "invalid" | "method-not-allowed" | "too-large" | "unsupported";

/** Options of `RequestError`. */
export interface RequestErrorOptions extends ErrorOptions {
  /** The parts that break a rule, as far as they are known. */
  readonly violations?: readonly Violation[];
}

/** A request that the application does not accept. */
export class RequestError extends Error {
  readonly code: RequestErrorCode;
  readonly violations: readonly Violation[] | undefined;

  constructor(code: RequestErrorCode, message: string, options?: RequestErrorOptions) {
    super(message, options);
    this.name = "RequestError";
    this.code = code;
    this.violations = options?.violations;
  }
}
