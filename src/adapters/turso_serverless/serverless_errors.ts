import { AmbiguousError, BackendError, type StoreError } from "../../errors/mod.ts";
import { mapDriverError } from "../sqlite_file/mod.ts";

/** What the client says of every error that has no code of the server. The cause has the reason. */
const NO_CODE: readonly unknown[] = ["BATCH_ERROR", "EXECUTE_ERROR"];

/** The client's own text for an answer that is no message of the server. */
const STATUS = /^HTTP error! status: (\d{3})$/;

/**
 * A server ends a stream that was idle for some seconds, and knows its baton no more. It carried out nothing
 * of the request, and the client begins a new stream with the next one.
 */
const STREAM_IS_GONE = /\bbaton\b|\bstream\b.*\b(?:expired|not found)\b/i;

/** Refusals of access, whose status the client drops. */
const NO_ACCESS = /\bunauthori[sz]ed\b|\bforbidden\b|\bJWT\b|\bauth(?:entication|orization)?\b.*\btoken\b/i;

/** The error that the client has put into its own, which has no code. */
function reasonOf(thrown: unknown): unknown {
  const { code, cause } = (thrown ?? {}) as { readonly code?: unknown; readonly cause?: unknown };
  return NO_CODE.includes(code) && cause !== undefined ? cause : thrown;
}

/** Whether the server refused the request because it has ended the stream: it can be sent again at once. */
export function isStreamGone(thrown: unknown): boolean {
  const reason = reasonOf(thrown);
  return !hasCode(reason) && STREAM_IS_GONE.test(messageOf(reason));
}

/**
 * Maps an error of the client to an error of the store. A commit is ambiguous unless the server has told that
 * it was not applied: a lost answer is a bare `TypeError` of `fetch`.
 */
export function mapServerlessError(thrown: unknown, action: "read" | "commit"): StoreError {
  const reason = reasonOf(thrown);
  const message = messageOf(reason);
  const status = STATUS.exec(message)?.[1] ?? (!hasCode(reason) && NO_ACCESS.test(message) ? "401" : "");
  if (status === "") return mapDriverError(reason, action);
  return mapDriverError(Object.assign(new Error(message), { status: Number(status) }), action);
}

/** The server's answer ended before its last row, although the request did not fail. */
export function answerIsCutOff(action: "read" | "commit"): StoreError {
  const text = `${action}: the answer is cut off`;
  return action === "commit" ? new AmbiguousError(text) : new BackendError(text);
}

function hasCode(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === "string" && code !== "";
}

function messageOf(error: unknown): string {
  const { message } = (error ?? {}) as { readonly message?: unknown };
  return typeof message === "string" ? message : "";
}
