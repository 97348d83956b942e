/** Calls from the Worker to an object of this package, one POST each. An error is answered as a problem. */

import { BusyError } from "../errors/mod.ts";
import { errorOfProblem, faultOf, problemOf, problemResponse } from "../http/mod.ts";
import type { Logger } from "../ports/mod.ts";
import { PROTOCOL, PROTOCOL_VERSION } from "../protocol/mod.ts";
import { ServiceError } from "../service/mod.ts";
import type { ObjectStubLike } from "./object_types.ts";

/**
 * The URL of calls. A request from outside cannot have it, since RFC 2606 reserves `.invalid`. So a request
 * that a Worker forwards to an object unchanged is never taken for a call, whatever its headers are.
 */
const URL_OF_OBJECT = "https://object.holdfast.invalid/";

const CALL = "x-holdfast-call";

const VERSION = "x-holdfast-protocol";

/** Returns the name of the call that a request carries, or `undefined` if it is not a call. */
export function callName(request: Request): string | undefined {
  if (request.url !== URL_OF_OBJECT || request.method !== "POST") return undefined;
  return request.headers.get(CALL) ?? undefined;
}

/** The parts of a call besides its name. */
interface Carried {
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Calls an object. During a deployment the object may run the previous release, which does not speak this
 * one's protocol. The call is then sent again in the previous version; the object has not read the first one.
 *
 * @throws {StoreError | ServiceError | TypeError} The error in the object's answer.
 * @throws {BusyError} When the object speaks neither version. Another deployment is under way.
 * @throws {ServiceError} `unanswered`, when there is no answer. The outcome of the call is unknown.
 */
export async function callObject(stub: ObjectStubLike, name: string, carried: Carried): Promise<Response> {
  let refusal: unknown;
  for (const version of PROTOCOL.versions) {
    const headers = { ...carried.headers, [CALL]: name, [VERSION]: String(version) };
    const response = await send(stub, headers, carried.body);
    if (response.ok) return response;
    const described = await response.json().catch(() => undefined);
    refusal = errorOfProblem(described) ?? unanswered();
    // The commit protocol inside the call has its own version, which its sender chose.
    if (response.headers.get(VERSION) === null) throw refusal;
  }
  throw new BusyError("call object: the object is of another release", { cause: refusal });
}

/**
 * Answers a call, if it is of a protocol version that this release speaks. An error is answered as a problem;
 * an unexpected one is logged.
 */
export async function answerObjectCall(
  request: Request,
  logger: Logger,
  carryOut: () => Promise<Response>,
): Promise<Response> {
  const version = Number(request.headers.get(VERSION));
  if (!PROTOCOL.versions.includes(version)) {
    const refusal = problemResponse(problemOf(PROTOCOL.refusalOf(version), ""));
    refusal.headers.set(VERSION, String(PROTOCOL_VERSION));
    return refusal;
  }
  try {
    return await carryOut();
  } catch (error) {
    const fault = faultOf(error);
    if (fault !== undefined) logger.log("error", "object: failed", fault);
    return problemResponse(problemOf(error, ""));
  }
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
