/** How the Worker and an object of this project talk: one POST a call, plain values both ways, errors as they are told elsewhere. */

import { faultOf, problemOf, problemResponse, requestErrorOf } from "../http/mod.ts";
import type { Logger } from "../ports/mod.ts";
import { errorOf } from "../protocol/mod.ts";
import { decodePlainValue, encodePlainValue } from "../records/mod.ts";
import { RequestError } from "../service/mod.ts";
import type { ObjectStubLike } from "./object_types.ts";

/**
 * Where calls go. No request from outside has this address (RFC 2606 keeps `.invalid` from ever being a host's), so one that a Worker
 * forwards to an object as it came is never taken for a call, whatever headers somebody gave it.
 */
const URL_OF_OBJECT = "https://object.holdfast.invalid/";

const CALL = "x-holdfast-call";

/** The name of the call that a request carries, if it is one. */
export function callName(request: Request): string | undefined {
  if (request.url !== URL_OF_OBJECT || request.method !== "POST") return undefined;
  return request.headers.get(CALL) ?? undefined;
}

/**
 * Calls an object.
 *
 * @param headers What is said beside the body.
 * @throws {StoreError | TypeError} What the object says.
 * @throws {RequestError} `unanswered` when there is no answer: nobody knows what became of the call.
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
  throw requestErrorOf(described) ?? errorOf(described) ?? unanswered();
}

/** The plain value in an answer. */
export async function plainValueOf<T>(response: Response): Promise<T> {
  return decodePlainValue(new Uint8Array(await response.arrayBuffer())) as T;
}

/** An answer that carries a plain value. */
export function answerValue(value: unknown): Response {
  return new Response(encodePlainValue(value) as BodyInit);
}

/** An answer that tells of an error. Of one that nobody has thought of the log of the object is told more. */
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

function unanswered(cause?: unknown): RequestError {
  return new RequestError("unanswered", "call object: no answer", { cause });
}
