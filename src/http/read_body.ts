import { hexOf } from "../bytes/mod.ts";
import { LimitError } from "../errors/mod.ts";
import type { Host } from "../ports/mod.ts";
import { RequestError } from "./request_error.ts";

/** How long a body may take to arrive, in milliseconds. */
const BODY_TIMEOUT_MS = 60_000;

/** The bounds of a body. */
export interface BodyBounds {
  readonly maxBytes: number;
  /** Measures the time that the body takes. */
  readonly host: Pick<Host, "clock" | "random" | "scheduler">;
}

/** The declared length of a body, or `undefined` if it is missing or malformed. */
export function declaredLength(headers: Headers): number | undefined {
  const [digits] = /^\d{1,15}$/.exec(headers.get("content-length") ?? "") ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * Reads the body of a request, at most `maxBytes` of it. Checks its headers first, and counts the bytes that
 * arrive.
 *
 * @throws {RequestError} When the media type or an encoding is not accepted, or the body is too large or
 *   breaks off.
 * @throws {LimitError} When it has not arrived after 60 seconds.
 */
export async function readBody(
  request: Request,
  {
    contentType,
    maxBytes,
    host: { clock, random, scheduler },
  }: BodyBounds & { readonly contentType: string },
): Promise<Uint8Array> {
  const { headers } = request;
  const type = headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== contentType) throw unsupported(`expected ${contentType}`, "#/content-type", contentType);
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw unsupported("compressed bodies are not supported", "#/content-encoding", "identity");
  }
  const declared = declaredLength(headers) ?? 0;
  if (declared > maxBytes) throw tooLarge(maxBytes);
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array(0);
  const cancel = (): void => void reader.cancel().catch(() => {});
  // Applications may share a scheduler.
  const task = `http: body ${hexOf(random.bytes(8))}`;
  let unregister = (): void => {};
  const late = new Promise<never>((_, reject) => {
    unregister = scheduler.register(task, async () => {
      reject(new LimitError("read body: it took too long"));
      cancel();
    });
  });
  scheduler.schedule(task, clock.nowMs() + BODY_TIMEOUT_MS);
  // Not a list of the pieces, which may be of one byte each.
  let body = new Uint8Array(declared);
  let length = 0;
  try {
    for (;;) {
      const read = reader.read().catch((cause: unknown) => {
        throw new RequestError("invalid", "read body: it broke off", { cause });
      });
      const { done, value } = await Promise.race([late, read]);
      if (done || value === undefined) return body.subarray(0, length);
      const end = length + value.byteLength;
      if (end > maxBytes) {
        cancel();
        throw tooLarge(maxBytes);
      }
      if (end > body.length) {
        const larger = new Uint8Array(Math.min(Math.max(end, 2 * body.length), maxBytes));
        larger.set(body);
        body = larger;
      }
      body.set(value, length);
      length = end;
    }
  } finally {
    unregister();
  }
}

/** Reads a body of JSON. @throws {RequestError | LimitError} As `readBody`, and when the body is not JSON. */
export async function readJson(request: Request, bounds: BodyBounds): Promise<unknown> {
  const bytes = await readBody(request, { ...bounds, contentType: "application/json" });
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The parser's message quotes the body.
    throw new RequestError("invalid", "read body: not JSON", {
      violations: [{ in: "body", pointer: "#", rule: "contentMediaType", allowed: "application/json" }],
    });
  }
}

function tooLarge(maxBytes: number): RequestError {
  return new RequestError("too-large", `read body: at most ${maxBytes} bytes are allowed`, {
    violations: [{ in: "body", pointer: "#", rule: "maxLength", allowed: maxBytes }],
  });
}

function unsupported(reason: string, pointer: string, allowed: string): RequestError {
  return new RequestError("unsupported", `read body: ${reason}`, {
    violations: [{ in: "header", pointer, rule: "enum", allowed: [allowed] }],
  });
}
