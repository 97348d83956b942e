import { AmbiguousError, BackendError, BusyError, LimitError, RefusedError } from "../../errors/mod.ts";
import type { Clock, Host, Logger, Scheduler } from "../../ports/mod.ts";
import { errorOf } from "../../protocol/mod.ts";

/** Tries of a read in all. */
const MAX_TRIES = 5;

/** Waits between tries double from the first to the last of these, in milliseconds. */
const FIRST_WAIT_MS = 100;
const LAST_WAIT_MS = 1_600;

/** Longest answer that is read as one, in bytes. */
const MAX_ANSWER_BYTES = 64 * 1_024 * 1_024;

/** Statuses of servers and gateways that have not carried the request out. */
const NOT_CARRIED_OUT: readonly number[] = [429, 503];

/** How requests are sent. */
export interface RequestOptions {
  /** Where calls go. */
  readonly url: string;
  readonly token: string;
  readonly fetch: typeof fetch;
  readonly host: Pick<Host, "clock" | "scheduler" | "logger">;
  /** How long one request may take, in milliseconds. */
  readonly deadlineMs: number;
}

/** Sends calls and tells a call that failed from one that may have been carried out. */
export class RequestSender {
  readonly #options: RequestOptions;
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #logger: Logger;
  #tasks = 0;

  constructor(options: RequestOptions) {
    this.#options = options;
    this.#clock = options.host.clock;
    this.#scheduler = options.host.scheduler;
    this.#logger = options.host.logger;
  }

  /**
   * Sends a commit, once: who repeats it must move the owner's epoch.
   *
   * @throws {AmbiguousError} When there was no answer that says what became of it.
   */
  async sendCommit(body: Uint8Array): Promise<Uint8Array> {
    try {
      return await this.#once(body, bytesOf);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      if (error.isCarriedOut === false) throw new BusyError(error.message, { cause: error.cause });
      throw new AmbiguousError(error.message, { cause: error.cause });
    }
  }

  /** Sends a read, again and again with pauses when there is no answer. @throws {BackendError} When there was none. */
  async sendRead<T>(body: Uint8Array, consume: (response: Response) => Promise<T>): Promise<T> {
    let waitMs = FIRST_WAIT_MS;
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#once(body, consume);
      } catch (error) {
        const isRepeatable = error instanceof Unanswered || error instanceof BusyError;
        if (!isRepeatable) throw error;
        if (tries === MAX_TRIES) {
          throw error instanceof BusyError ? error : new BackendError(error.message, { cause: error.cause });
        }
        this.#logger.log("debug", "remote: no answer, asking again", { tries, waitMs });
        await this.#wait(waitMs);
        waitMs = Math.min(2 * waitMs, LAST_WAIT_MS);
      }
    }
  }

  /**
   * The body of a response piece by piece, each within the deadline. Who stops early closes the connection.
   *
   * @throws {BackendError} When the connection failed or a piece did not come in time.
   */
  async *pieces({ body }: Response): AsyncIterable<Uint8Array> {
    const reader = body?.getReader();
    if (reader === undefined) return;
    try {
      for (;;) {
        const { done, value } = await this.#inTime(() => reader.read());
        if (done || value === undefined) return;
        yield value;
      }
    } finally {
      await reader.cancel().catch(() => {});
    }
  }

  async #inTime<T>(work: () => Promise<T>): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const settled = this.#after(this.#options.deadlineMs, () =>
        reject(new BackendError("remote: no answer in time")),
      );
      const failed = (cause: unknown): void =>
        reject(new BackendError("remote: the connection failed", { cause }));
      void work().then(resolve, failed).finally(settled);
    });
  }

  /** One request. @throws {Unanswered} When nothing is known of what became of it. */
  async #once<T>(body: Uint8Array, consume: (response: Response) => Promise<T>): Promise<T> {
    const { url, token } = this.#options;
    const controller = new AbortController();
    const settled = this.#after(this.#options.deadlineMs, () => controller.abort());
    try {
      const response = await this.#options.fetch(url, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/protobuf" },
        body: body as Uint8Array<ArrayBuffer>,
        signal: controller.signal,
        redirect: "error",
      });
      if (!response.ok) throw await failureOf(response);
      return await consume(response);
    } catch (error) {
      if (error instanceof Answered) throw error.error;
      if (error instanceof Unanswered) throw error;
      if (controller.signal.aborted) throw new Unanswered("remote: no answer in time", undefined, error);
      throw new Unanswered("remote: the connection failed", undefined, error);
    } finally {
      settled();
    }
  }

  #wait(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#after(waitMs, resolve);
    });
  }

  /** Runs something after a while, unless it is called off. */
  #after(delayMs: number, run: () => void): () => void {
    this.#tasks += 1;
    const name = `remote request ${this.#tasks}`;
    const unregister = this.#scheduler.register(name, async () => {
      unregister();
      run();
    });
    this.#scheduler.schedule(name, this.#clock.nowMs() + delayMs);
    return unregister;
  }
}

/** The body of an answer. */
export async function bytesOf(response: Response): Promise<Uint8Array> {
  const length = Number(response.headers.get("content-length") ?? 0);
  if (length > MAX_ANSWER_BYTES) throw new Answered(new LimitError("remote: the answer is too long"));
  return new Uint8Array(await response.arrayBuffer());
}

/** The service has said what is wrong. */
class Answered extends Error {
  readonly error: Error;

  constructor(error: Error) {
    super("answered");
    this.error = error;
  }
}

/** Nothing is known of what became of a request, or that it was not carried out. */
class Unanswered extends Error {
  readonly isCarriedOut: false | undefined;

  constructor(message: string, isCarriedOut: false | undefined, cause: unknown) {
    super(message, { cause });
    this.isCarriedOut = isCarriedOut;
  }
}

async function failureOf(response: Response): Promise<Error> {
  const { status } = response;
  const described = await response.json().catch(() => undefined);
  const error = errorOf(described);
  if (error !== undefined) return new Answered(error);
  if (status === 401) return new Answered(new RefusedError("remote: the token is not accepted"));
  if (status === 403) return new Answered(new RefusedError("remote: the token is for another account"));
  if (status === 413) return new Answered(new RefusedError("remote: the request is too large"));
  if (NOT_CARRIED_OUT.includes(status)) {
    return new Unanswered(`remote: answered with ${status}`, false, undefined);
  }
  // Somebody in between, who does not know what became of it.
  if (status >= 500) return new Unanswered(`remote: answered with ${status}`, undefined, undefined);
  return new Answered(new BackendError(`remote: answered with ${status}`));
}
