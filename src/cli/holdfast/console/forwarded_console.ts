import { hexOf } from "../../../bytes/mod.ts";
import type { ConsoleInfo } from "../../../console/mod.ts";
import { LimitError } from "../../../errors/mod.ts";
import { bearerOf, problemOf, problemResponse } from "../../../http/mod.ts";
import { systemRandom } from "../../../ports/mod.ts";
import { ServiceError } from "../../../service/mod.ts";
import type { ServiceTarget } from "../targets/service_target.ts";
import { told } from "./told.ts";

const ROOT = "/v1/console";

/** What is asked of the service: reads for its administrators. */
const FORWARDED = /^\/v1\/(?:console(?:\/.*)?|tokens|audit)$/;

/** Headers of an answer that are passed on. */
const HEADERS: readonly string[] = ["content-type", "retry-after", "x-request-id"];

/** Streams and requests that are open at the same time. */
const MAX_OPEN = 64;

/** How long the headers of an answer may take, in milliseconds. */
const DEADLINE_MS = 30_000;

/** The console of a service, asked with the token of this process. What changes something is refused. */
export class ForwardedConsole {
  readonly #target: ServiceTarget;
  readonly #authorize: (token: string | undefined) => Promise<string>;
  readonly #open = new Set<AbortController>();

  constructor(target: ServiceTarget, authorize: (token: string | undefined) => Promise<string>) {
    this.#target = target;
    this.#authorize = authorize;
  }

  /** Answers a request that the service is asked; `undefined` for every other path. */
  async answer(request: Request): Promise<Response | undefined> {
    const { pathname, search } = new URL(request.url);
    if (!FORWARDED.test(pathname)) return undefined;
    try {
      await this.#authorize(bearerOf(request.headers.get("authorization") ?? undefined));
      if (request.method !== "GET")
        throw new ServiceError("forbidden", "ask service: this console is read-only");
      if (this.#open.size >= MAX_OPEN) throw new LimitError(`ask service: ${MAX_OPEN} requests are open`);
      return await this.#forward(pathname + search, request.signal);
    } catch (error) {
      return problemResponse(problemOf(error, hexOf(systemRandom.bytes(8))));
    }
  }

  /** Gives up every request. */
  stop(): void {
    for (const controller of this.#open) controller.abort();
  }

  async #forward(path: string, signal: AbortSignal): Promise<Response> {
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    const timer = setTimeout(abort, DEADLINE_MS);
    this.#open.add(controller);
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      this.#open.delete(controller);
    };
    try {
      const answer = await told(this.#target.send("GET", path, { signal: controller.signal }));
      const headers: Record<string, string> = { "cache-control": "no-store" };
      for (const name of HEADERS) {
        const value = answer.headers.get(name);
        if (value !== null) headers[name] = value;
      }
      // The token of this process is refused by the service: that is no mistake of the page.
      if (answer.status === 401) throw new ServiceError("unanswered", "ask service: it refuses the token");
      const isInfo = path.split("?", 1)[0] === ROOT && answer.ok;
      const body = isInfo
        ? JSON.stringify(this.#readOnly((await answer.json()) as ConsoleInfo))
        : answer.body;
      clearTimeout(timer);
      if (isInfo || body === null) end();
      return new Response(typeof body === "string" ? body : body && ended(body, controller, end), {
        status: answer.status,
        headers,
      });
    } catch (error) {
      end();
      // Cancels the body of an answer that is not passed on.
      abort();
      throw error;
    }
  }

  #readOnly(info: ConsoleInfo): ConsoleInfo {
    return { ...info, shown: this.#target.shown, readOnly: true, actions: [] };
  }
}

/** A body that says when it has ended. Its reader may leave it. */
function ended(
  body: ReadableStream<Uint8Array>,
  controller: AbortController,
  onEnd: () => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(sink) {
      try {
        const { done, value } = await reader.read();
        if (!done) return sink.enqueue(value);
        onEnd();
        sink.close();
      } catch (error) {
        onEnd();
        sink.error(error);
      }
    },
    cancel() {
      onEnd();
      controller.abort();
    },
  });
}
