/** Calls of the Worker to an object of this package: one POST each. An error is answered as a problem. */

import { errorOfProblem, faultOf, problemOf, problemResponse } from "../http/mod.ts";
import type { Logger } from "../ports/mod.ts";
import { ServiceError } from "../service/mod.ts";
import type { ObjectStubLike } from "./object_types.ts";

/**
 * The URL of calls. A request from outside cannot have it, since RFC 2606 reserves `.invalid`. So a request
 * that a Worker forwards to an object unchanged is never taken for a call, whatever its headers are.
 */
const URL_OF_OBJECT = "https://object.holdfast.invalid/";

const CALL = "x-holdfast-call";

/** Returns the name of the call that a request carries, or `undefined` if it is not a call. */
export function callName(request: Request): string | undefined {
  if (request.url !== URL_OF_OBJECT || request.method !== "POST") return undefined;
  return request.headers.get(CALL) ?? undefined;
}

/**
 * Calls an object.
 *
 * @throws {StoreError | ServiceError | TypeError} The error that the object answers.
 * @throws {ServiceError} `unanswered`, when there is no answer. The outcome of the call is unknown.
 */
export async function callObject(
  stub: ObjectStubLike,
  name: string,
  {
    body,
    headers = {},
  }: {
    readonly body: Uint8Array;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<Response> {
  const response = await send(stub, { ...headers, [CALL]: name }, body);
  if (response.ok) return response;
  const described = await response.json().catch(() => undefined);
  throw errorOfProblem(described) ?? unanswered();
}

/** Returns the answer that carries an error. An unexpected error is logged. */
export function answerError(error: unknown, logger: Logger): Response {
  const fault = faultOf(error);
  if (fault !== undefined) logger.log("error", "object: failed", fault);
  return problemResponse(problemOf(error, ""));
}

async function send(
  stub: ObjectStubLike,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
): Promise<Response> {
  try {
    return await stub.fetch(URL_OF_OBJECT, {
      method: "POST",
      headers,
      body: body as Uint8Array<ArrayBuffer>,
    });
  } catch (cause) {
    throw unanswered(cause);
  }
}

function unanswered(cause?: unknown): ServiceError {
  return new ServiceError("unanswered", "call object: no answer", { cause });
}
