import { StoreError } from "../errors/mod.ts";
import type { LogFields } from "../ports/mod.ts";
import { describeError, STATUS_OF, UNEXPECTED } from "../protocol/mod.ts";
import { type ProblemCode, RequestError } from "../service/mod.ts";

/** An answer of `application/problem+json` (RFC 9457). `code` is the API, texts are for people. */
export interface Problem {
  readonly type: "about:blank";
  /** The meaning of the status. */
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  /** `action: state`, as the errors of the store read. It holds no secret. */
  readonly message: string;
  /** Index of the write that a commit was refused for, if known. */
  readonly writeIndex?: number | undefined;
  /** Finds the request in the service's log. */
  readonly requestId: string;
}

const STATUS: Readonly<Record<ProblemCode, number>> = {
  ...STATUS_OF,
  unauthorized: 401,
  forbidden: 403,
  "not-found": 404,
  conflict: 409,
  "too-large": 413,
  unsupported: 415,
  unanswered: 502,
};

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** The problem that an error is told as. Of what is not ours nothing is told. */
export function problemOf(error: unknown, requestId: string): Problem {
  const { code, message, writeIndex }: Pick<Problem, "code" | "message" | "writeIndex"> =
    error instanceof RequestError ? error : describeError(error);
  const status = STATUS[code];
  return {
    type: "about:blank",
    title: TITLES[status] ?? "Error",
    status,
    code,
    message,
    ...(writeIndex === undefined ? {} : { writeIndex }),
    requestId,
  };
}

/**
 * What the log is told of an error that nobody has thought of: its name, and where it was thrown. Nothing of its message, which may
 * hold anything. `undefined` for all others.
 */
export function faultOf(error: unknown): LogFields | undefined {
  const isKnown = error instanceof StoreError || error instanceof RequestError;
  if (isKnown || describeError(error).message !== UNEXPECTED) return undefined;
  if (!(error instanceof Error)) return { name: typeof error };
  // The message is in front of the frames, and may look like some.
  const frames = error.stack?.replace(error.message, "").match(/^ +at .*$/gm);
  return { name: error.name, stack: frames?.join("\n") };
}

/** The response that carries a problem. */
export function problemResponse(problem: Problem): Response {
  const headers: Record<string, string> = { "content-type": "application/problem+json" };
  if (problem.status === 401) headers["www-authenticate"] = 'Bearer realm="holdfast"';
  if (problem.status === 503) headers["retry-after"] = "1";
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}

/** The error of a request that a problem tells of. `undefined` when it tells of none, or of one of the store. */
export function requestErrorOf(described: unknown): RequestError | undefined {
  if (typeof described !== "object" || described === null) return undefined;
  const { code, message } = described as Partial<Problem>;
  if (typeof code !== "string" || typeof message !== "string") return undefined;
  if (!Object.hasOwn(STATUS, code) || Object.hasOwn(STATUS_OF, code)) return undefined;
  return new RequestError(code, message);
}
