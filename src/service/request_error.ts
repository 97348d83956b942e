import type { WireError } from "../protocol/mod.ts";

/** What is wrong with a request, beyond the errors of the store. */
export type ProblemCode =
  | WireError["code"]
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "conflict"
  | "too-large"
  | "unsupported"
  /** The holder of the account did not answer, so the outcome of the request is unknown. */
  | "unanswered";

/** A request that is answered with a problem. */
export class RequestError extends Error {
  readonly code: ProblemCode;

  constructor(code: ProblemCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RequestError";
    this.code = code;
  }
}
