import { joinBytes } from "../../bytes/mod.ts";
import { BackendError, LimitError, RefusedError } from "../../errors/mod.ts";
import { CallSizeError, errorOf } from "../../protocol/mod.ts";

/** Size limit of an answer that is not streamed, in bytes. */
const MAX_ANSWER_BYTES = 64 * 1_024 * 1_024;

/** Size limit of the description of a failure, in bytes. */
const MAX_FAILURE_BYTES = 65_536;

/** Length limit of a forwarded failure message, in characters. */
const MAX_MESSAGE_LENGTH = 500;

/** Status of a server that has too much to do. It did not carry out the request. */
const TOO_MANY_REQUESTS = 429;

/** Status of a server or a gateway that did not carry out the request. */
const UNAVAILABLE = 503;

/** Longest wait that a service may ask for, in seconds. */
const MAX_RETRY_AFTER_S = 60;

/** Status of a server that did not receive the whole request in time. */
const REQUEST_TIMEOUT = 408;

/** The service answered with the outcome of a request. */
export class Answered extends Error {
  readonly error: Error;

  constructor(error: Error) {
    super("answered");
    this.error = error;
  }
}

/** The outcome of a request is unknown, or the request was not carried out. */
export class Unanswered extends Error {
  readonly isCarriedOut: false | undefined;

  constructor(message: string, isCarriedOut: false | undefined, cause: unknown) {
    super(message, { cause });
    this.isCarriedOut = isCarriedOut;
  }
}

/** The service has too much to do now. The request was not carried out, and may be sent again as it is. */
export class Overloaded extends Unanswered {
  /** When to send it again, in milliseconds from now. */
  readonly waitMs: number;

  constructor(message: string, waitMs: number) {
    super(message, false, undefined);
    this.waitMs = waitMs;
  }
}

/**
 * Decodes the value of an answer.
 *
 * @throws {LimitError} When it is longer than 64 MiB.
 * @throws {Unanswered} When it is malformed. Such an answer does not come from the service, and the stored
 *   state is unknown.
 */
export async function answerOf<T>(response: Response, decode: (bytes: Uint8Array) => T): Promise<T> {
  const bytes = await readAtMost(response, MAX_ANSWER_BYTES);
  try {
    return decode(bytes);
  } catch (cause) {
    throw new Unanswered("remote: the answer is malformed", undefined, cause);
  }
}

/**
 * Maps a failed answer to `Answered` or `Unanswered`.
 *
 * @param secret A text that the message must not contain.
 */
export async function failureOf(response: Response, secret: string): Promise<Answered | Unanswered> {
  const { status } = response;
  // Browsers hide the status of a redirect.
  if (status === 0 || (status >= 300 && status < 400)) {
    void response.body
      ?.getReader()
      .cancel()
      .catch(() => {});
    return new Answered(new BackendError("remote: the service redirects to another URL"));
  }
  const waitMs = 1_000 * secondsOf(response);
  const error = errorOf(described(await readAtMost(response, MAX_FAILURE_BYTES).catch(() => undefined)));
  if (error !== undefined && error.message.length <= MAX_MESSAGE_LENGTH && !error.message.includes(secret)) {
    // The service or its account is closed, not the caller's backend. Both open again.
    if ("code" in error && error.code === "closed") return new Unanswered(error.message, false, undefined);
    if (status === TOO_MANY_REQUESTS) return new Overloaded(error.message, waitMs);
    return new Answered(error instanceof CallSizeError ? new RefusedError(error.message) : error);
  }
  if (status === 401) return new Answered(new RefusedError("remote: the token is not accepted"));
  if (status === 403)
    return new Answered(new RefusedError("remote: the token does not permit this operation on this account"));
  if (status === 413) return new Answered(new RefusedError("remote: the request is too large"));
  const message = `remote: answered with ${status}`;
  if (status === TOO_MANY_REQUESTS) return new Overloaded(message, waitMs);
  if (status === UNAVAILABLE) return new Unanswered(message, false, undefined);
  // Sent by a gateway, which does not know the outcome.
  if (status >= 500 || status === REQUEST_TIMEOUT) return new Unanswered(message, undefined, undefined);
  return new Answered(new BackendError(message));
}

/** The seconds of the header `retry-after`, up to a minute. A second if there are none. */
function secondsOf({ headers }: Response): number {
  const seconds = Number(headers.get("retry-after") ?? 1);
  return seconds >= 0 ? Math.min(seconds, MAX_RETRY_AFTER_S) : 1;
}

function described(bytes: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** Reads a body up to a limit, whatever its declared length. */
async function readAtMost({ headers, body }: Response, maxBytes: number): Promise<Uint8Array> {
  const reader = body?.getReader();
  if (reader === undefined) return new Uint8Array(0);
  const pieces: Uint8Array[] = [];
  let length = Number(headers.get("content-length") ?? 0) > maxBytes ? Number.POSITIVE_INFINITY : 0;
  for (;;) {
    if (length > maxBytes) {
      void reader.cancel().catch(() => {});
      throw new LimitError("remote: the answer is too long");
    }
    const { done, value } = await reader.read();
    if (done || value === undefined) return joinBytes(pieces);
    pieces.push(value);
    length += value.byteLength;
  }
}
