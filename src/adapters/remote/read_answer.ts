import { joinBytes } from "../../bytes/mod.ts";
import { BackendError, LimitError, RefusedError } from "../../errors/mod.ts";
import { errorOf } from "../../protocol/mod.ts";

/** Longest answer that is read as one, in bytes. */
const MAX_ANSWER_BYTES = 64 * 1_024 * 1_024;

/** Longest description of a failure, in bytes. */
const MAX_FAILURE_BYTES = 65_536;

/** Longest message of a failure that is passed on, in characters. */
const MAX_MESSAGE_LENGTH = 500;

/** Statuses of servers and gateways that have not carried the request out. */
const NOT_CARRIED_OUT: readonly number[] = [429, 503];

/** Status of a server that waited for the rest of the request in vain. */
const REQUEST_TIMEOUT = 408;

/** The service has said what became of a request. */
export class Answered extends Error {
  readonly error: Error;

  constructor(error: Error) {
    super("answered");
    this.error = error;
  }
}

/** Nothing is known of what became of a request, or that it was not carried out. */
export class Unanswered extends Error {
  readonly isCarriedOut: false | undefined;

  constructor(message: string, isCarriedOut: false | undefined, cause: unknown) {
    super(message, { cause });
    this.isCarriedOut = isCarriedOut;
  }
}

/**
 * The value that an answer holds.
 *
 * @throws {LimitError} When it is longer than 64 MiB.
 * @throws {Unanswered} When it is no such answer: it does not come from the service and says nothing of what
 * is stored.
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
 * What an answer says that is no success: `Answered` or `Unanswered`.
 *
 * @param secret What a message must not hold.
 */
export async function failureOf(response: Response, secret: string): Promise<Answered | Unanswered> {
  const { status } = response;
  // Browsers hide the status of an answer that leads elsewhere.
  if (status === 0 || (status >= 300 && status < 400)) {
    void response.body
      ?.getReader()
      .cancel()
      .catch(() => {});
    return new Answered(new BackendError("remote: the service is elsewhere"));
  }
  const error = errorOf(described(await readAtMost(response, MAX_FAILURE_BYTES).catch(() => undefined)));
  if (error !== undefined && error.message.length <= MAX_MESSAGE_LENGTH && !error.message.includes(secret)) {
    // Closed is the service's account, or the service, and not what the caller holds: both are opened again.
    if ("code" in error && error.code === "closed") return new Unanswered(error.message, false, undefined);
    return new Answered(error);
  }
  if (status === 401) return new Answered(new RefusedError("remote: the token is not accepted"));
  if (status === 403) return new Answered(new RefusedError("remote: the token is for another account"));
  if (status === 413) return new Answered(new RefusedError("remote: the request is too large"));
  const message = `remote: answered with ${status}`;
  if (NOT_CARRIED_OUT.includes(status)) return new Unanswered(message, false, undefined);
  // A gateway in between, which does not know the outcome.
  if (status >= 500 || status === REQUEST_TIMEOUT) return new Unanswered(message, undefined, undefined);
  return new Answered(new BackendError(message));
}

function described(bytes: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** Reads a body, whatever length it claims to have. */
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
