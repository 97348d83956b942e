/** What became of a request that brought no answer that can be used. */
export type FailureKind =
  /** No connection, or no answer in time. */
  | "offline"
  /** The token is not accepted. */
  | "unauthorized"
  /** The token does not allow it. */
  | "forbidden"
  /** There is no such thing. */
  | "absent"
  /** Refused: the text says why. */
  | "refused"
  /** To be repeated later. */
  | "busy"
  /** The other side failed. */
  | "failed";

/** A request that failed, in words for people. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly kind: FailureKind;
  /** Identifies the request in the service's log. */
  readonly requestId: string | undefined;

  constructor(kind: FailureKind, message: string, requestId?: string) {
    super(message);
    this.kind = kind;
    this.requestId = requestId;
  }
}

/** Returns the failure of an error that was caught. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure("failed", "The answer could not be read.");
}

/** Whether an error says that the request was given up by this page itself. */
export function isAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

const KIND_OF_STATUS: Readonly<Record<number, FailureKind>> = {
  401: "unauthorized",
  403: "forbidden",
  404: "absent",
  429: "busy",
  502: "busy",
  503: "busy",
  504: "busy",
};

/** Returns the failure that an answer describes: a problem document, or whatever a proxy has answered. */
export async function failureOfAnswer(response: Response): Promise<Failure> {
  const kind = KIND_OF_STATUS[response.status] ?? (response.status < 500 ? "refused" : "failed");
  const problem = await response.json().catch(() => undefined);
  const { message, requestId } = (problem ?? {}) as { message?: unknown; requestId?: unknown };
  const text = typeof message === "string" ? message : `the service answered with status ${response.status}`;
  return new Failure(kind, text, typeof requestId === "string" ? requestId : undefined);
}
