import { RequestError } from "./request_error.ts";

/**
 * Reads the body of a request, at most `maxBytes` of it. Checks its headers first, and counts the bytes that
 * arrive.
 *
 * @throws {RequestError} When the media type or an encoding is not accepted, or the body is too large or
 *   breaks off.
 */
export async function readBody(
  request: Request,
  { contentType, maxBytes }: { readonly contentType: string; readonly maxBytes: number },
): Promise<Uint8Array> {
  const { headers } = request;
  const type = headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== contentType) throw new RequestError("unsupported", `read body: expected ${contentType}`);
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw new RequestError("unsupported", "read body: compressed bodies are not supported");
  }
  const declared = Number(headers.get("content-length"));
  if (declared > maxBytes) throw tooLarge(maxBytes);
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array(0);
  let body = new Uint8Array(declared > 0 ? declared : 0);
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new RequestError("invalid", "read body: it broke off", { cause });
    });
    if (done || value === undefined) return body.subarray(0, length);
    const end = length + value.byteLength;
    if (end > maxBytes) {
      void reader.cancel().catch(() => {});
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
}

/** Reads a body of JSON. @throws {RequestError} As `readBody`, and when the body is not JSON. */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  const bytes = await readBody(request, { contentType: "application/json", maxBytes });
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The parser's message quotes the body.
    throw new RequestError("invalid", "read body: not JSON");
  }
}

function tooLarge(maxBytes: number): RequestError {
  return new RequestError("too-large", `read body: at most ${maxBytes} bytes are allowed`);
}
