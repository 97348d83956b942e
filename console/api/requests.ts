import { Failure, failureOfAnswer, isAborted } from "./failure.ts";

/** Longest wait for an answer. */
const ANSWER_MS = 30_000;

interface RequestOptions {
  readonly body?: object | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Requests to the service that the pages come from, with a token or, for what needs none, without. */
export class Requests {
  readonly #token: string | undefined;
  readonly #onUnauthorized: (failure: Failure) => void;

  /** @param onUnauthorized called when the service does not accept the token any more. */
  constructor(token: string | undefined, onUnauthorized: (failure: Failure) => void = () => {}) {
    this.#token = token;
    this.#onUnauthorized = onUnauthorized;
  }

  /** @throws {Failure} */
  async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return await this.#json<T>("GET", path, { signal });
  }

  /** @throws {Failure} */
  async post<T>(path: string, body?: object): Promise<T> {
    return await this.#json<T>("POST", path, { body });
  }

  /** @throws {Failure} */
  async put(path: string, body: object): Promise<void> {
    await this.#json("PUT", path, { body });
  }

  /** @throws {Failure} */
  async delete(path: string): Promise<void> {
    await this.#inTime(undefined, async (signal) => {
      await this.#send("DELETE", path, { signal });
    });
  }

  /**
   * Begins a stream: only its begin has a deadline.
   *
   * @throws {Failure}
   */
  async stream(path: string, outer: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    return await this.#inTime(outer, async (signal) => {
      const { body } = await this.#send("GET", path, { signal });
      if (body === null) throw new Failure("failed", "The stream has no body.");
      return body;
    });
  }

  async #json<T>(method: string, path: string, { body, signal: outer }: RequestOptions): Promise<T> {
    return await this.#inTime(outer, async (signal) => {
      const response = await this.#send(method, path, { body, signal });
      try {
        return (await response.json()) as T;
      } catch (error) {
        if (isAborted(error)) throw error;
        throw new Failure("failed", "The answer is not JSON: is this address that of a Holdfast service?");
      }
    });
  }

  /** Gives a request up when its answer takes too long. No timer is left behind. */
  async #inTime<T>(outer: AbortSignal | undefined, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new DOMException("no answer", "TimeoutError")), ANSWER_MS);
    try {
      return await ask(outer === undefined ? late.signal : AbortSignal.any([outer, late.signal]));
    } finally {
      clearTimeout(timer);
    }
  }

  async #send(method: string, path: string, { body, signal }: RequestOptions): Promise<Response> {
    const headers: Record<string, string> = {};
    if (this.#token !== undefined) headers.authorization = `Bearer ${this.#token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    const response = await fetch(path, {
      method,
      headers,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    }).catch((error: unknown) => {
      if (isAborted(error)) throw error;
      throw new Failure("offline", "There is no connection to the service.");
    });
    if (response.ok) return response;
    const failure = await failureOfAnswer(response);
    if (failure.kind === "unauthorized") this.#onUnauthorized(failure);
    throw failure;
  }
}
