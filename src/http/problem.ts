import { StoreError, type StoreErrorCode } from "../errors/mod.ts";
import type { LogFields } from "../ports/mod.ts";
import { describeError, errorOf, UNEXPECTED } from "../protocol/mod.ts";
import { ServiceError, type ServiceErrorCode } from "../service/mod.ts";
import { RequestError, type RequestErrorCode } from "./request_error.ts";

/** Codes of problems: an error of the store, of the service, or of the request. */
export type ProblemCode = StoreErrorCode | ServiceErrorCode | RequestErrorCode | "version";

/**
 * An answer of `application/problem+json` (RFC 9457). The `code` is the API. Texts are for people and may
 * change.
 */
export interface Problem {
  /** Problems are told apart by `code`, so there is no page for each. */
  readonly type: "about:blank";
  /** The reason phrase of the status. */
  readonly title: string;
  /** The HTTP status of the answer. */
  readonly status: number;
  /** The reason, for programs. */
  readonly code: ProblemCode;
  /** `action: state`, as the messages of the store's errors. It contains no secret. */
  readonly message: string;
  /** Index of the write that caused the refusal of a commit, if known. */
  readonly writeIndex?: number | undefined;
  /** The limit of the account that is reached, such as `maxBytes`, and what it allows. */
  readonly limit?: { readonly rule: string; readonly allowed: number } | undefined;
  /** The parts of the request that break a rule, as far as they are known: see docs/guide/http.md. */
  readonly errors?:
    | readonly {
        readonly in: "body" | "query" | "header";
        /** JSON Pointer of the part, such as `#/permissions/0`. */
        readonly pointer: string;
        /** A keyword of JSON Schema, such as `enum` or `maxLength`. */
        readonly rule: string;
        /** What the keyword allows. */
        readonly allowed?: string | number | readonly string[] | undefined;
      }[]
    | undefined;
  /** Identifies the request in the service's log. */
  readonly requestId: string;
}

/** Reason phrases of the statuses that problems have. A code with another status does not compile. */
const TITLES = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  507: "Insufficient Storage",
} as const;

/** The status of a problem. */
export type ProblemStatus = keyof typeof TITLES;

/**
 * Seconds after which a client may repeat a request that was not carried out: header `retry-after` of a 429
 * and of a 503.
 */
export const RETRY_AFTER_S = 1;

const SERVICE_STATUS: Readonly<Record<ServiceErrorCode, ProblemStatus>> = {
  unauthorized: 401,
  forbidden: 403,
  "not-found": 404,
  conflict: 409,
  unanswered: 502,
};

/** The status of each problem. */
export const STATUS_OF: Readonly<Record<ProblemCode, ProblemStatus>> = {
  ...SERVICE_STATUS,
  invalid: 400,
  "method-not-allowed": 405,
  version: 400,
  fenced: 409,
  "identity-conflict": 409,
  sealed: 409,
  held: 409,
  "too-large": 413,
  unsupported: 415,
  refused: 422,
  limit: 429,
  failed: 500,
  corrupt: 500,
  "wrong-length": 500,
  incompatible: 500,
  busy: 503,
  closed: 503,
  halted: 503,
  ambiguous: 504,
};

/** Returns the problem that describes an error. An unexpected error is `failed`, without its message. */
export function problemOf(error: unknown, requestId: string): Problem {
  const { code, message, writeIndex, limit }: Pick<Problem, "code" | "message" | "writeIndex" | "limit"> =
    error instanceof ServiceError || error instanceof RequestError ? error : describeError(error);
  const status = limit?.rule.startsWith("max") ? 507 : STATUS_OF[code];
  return {
    type: "about:blank",
    title: TITLES[status],
    status,
    code,
    message,
    writeIndex,
    limit,
    errors: error instanceof RequestError ? error.violations : undefined,
    requestId,
  };
}

/**
 * Returns the log fields of an unexpected error: its name and the frames of its stack. Its message is left
 * out, since it may contain anything. Returns `undefined` for every other error.
 */
export function faultOf(error: unknown): LogFields | undefined {
  const isKnown =
    error instanceof StoreError || error instanceof ServiceError || error instanceof RequestError;
  if (isKnown || describeError(error).message !== UNEXPECTED) return undefined;
  if (!(error instanceof Error)) return { name: typeof error };
  // The stack begins with the message, which may contain lines that look like frames.
  const frames = error.stack?.replace(error.message, "").match(/^ +at .*$/gm);
  return { name: error.name, stack: frames?.join("\n") };
}

/** Returns the response that carries a problem. */
export function problemResponse(problem: Problem): Response {
  const headers: Record<string, string> = { "content-type": "application/problem+json" };
  if (problem.status === 401) headers["www-authenticate"] = 'Bearer realm="holdfast"';
  if (problem.status === 429 || problem.status === 503) headers["retry-after"] = String(retryAfterS(problem));
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}

/** After a limit of requests in a minute: when the next one is admitted. */
function retryAfterS({ limit }: Problem): number {
  return Math.ceil(60 / Math.min(60, limit?.allowed ?? 60));
}

/**
 * Returns the error of the service or of the store that a problem describes, or `undefined` if it describes
 * neither.
 */
export function errorOfProblem(described: unknown): Error | undefined {
  if (typeof described !== "object" || described === null) return undefined;
  const { code, message } = described as Partial<Problem>;
  const isService = typeof code === "string" && Object.hasOwn(SERVICE_STATUS, code);
  if (!isService || typeof message !== "string") return errorOf(described);
  return new ServiceError(code as ServiceErrorCode, message);
}
