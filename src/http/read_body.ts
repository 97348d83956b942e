import { joinBytes } from "../bytes/mod.ts";
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
  if (Number(headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array(0);
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new RequestError("invalid", "read body: it broke off", { cause });
    });
    if (done || value === undefined) return joinBytes(pieces);
    length += value.byteLength;
    if (length > maxBytes) {
      void reader.cancel().catch(() => {});
      throw tooLarge(maxBytes);
    }
    pieces.push(value);
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
