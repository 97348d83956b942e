import { encodeBase64 } from "../../bytes/mod.ts";
import { AmbiguousError, BackendError, BusyError, ClosedError, StoreError } from "../../errors/mod.ts";
import type { Clock, Host, Logger, Scheduler } from "../../ports/mod.ts";
import { CALL_TYPE } from "../../protocol/mod.ts";
import { Answered, failureOf, Overloaded, Unanswered } from "./read_answer.ts";
import { scrubError } from "./scrub_error.ts";

/** Maximum number of tries of a read. */
const MAX_TRIES = 5;

/** Waits between tries double from the first to the last of these, in milliseconds. */
const FIRST_WAIT_MS = 100;
const LAST_WAIT_MS = 1_600;

/** How long a request is sent again while the service has too much to do, in milliseconds. */
const MAX_OVERLOAD_MS = 60_000;

/** Options of `RequestSender`. */
export interface RequestOptions {
  /** URL for calls. */
  readonly url: string;
  readonly token: string;
  readonly fetch: typeof fetch;
  readonly host: Host;
  /** Time limit of one request, in milliseconds. */
  readonly deadlineMs: number;
}

/** Sends calls, and distinguishes failed calls from those that may have been carried out. */
export class RequestSender {
  readonly #options: RequestOptions;
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #logger: Logger;
  /** Separates its tasks from those of others on the same scheduler. */
  readonly #name: string;
  #tasks = 0;
  /** Each ends one wait between two tries. */
  readonly #waits = new Set<() => void>();
  #closed = false;

  constructor(options: RequestOptions) {
    this.#options = options;
    this.#clock = options.host.clock;
    this.#scheduler = options.host.scheduler;
    this.#logger = options.host.logger;
    this.#name = encodeBase64(options.host.random.bytes(9));
  }

  /** Ends every wait between two tries. Requests that were sent are answered. */
  close(): void {
    this.#closed = true;
    for (const stop of this.#waits) stop();
    this.#waits.clear();
  }

  /**
   * Sends a commit once, and again after a wait when the service has too much to do: it was not carried out
   * then, so the same bytes are sent under the same epoch. A caller that resends it otherwise must raise the
   * owner epoch.
   *
   * @param consume Reads the answer. When it throws, the outcome of the commit is unknown.
   * @throws {AmbiguousError} When no answer tells its outcome.
   * @throws {BusyError} When the service still has too much to do after a minute, or is not available.
   * @throws {ClosedError} When the sender is closed during a wait. The commit was not carried out.
   */
  async sendCommit<T>(body: Uint8Array, consume: (response: Response) => Promise<T>): Promise<T> {
    const consumeOrDoubt = async (response: Response): Promise<T> => {
      try {
        return await consume(response);
      } catch (cause) {
        throw new Unanswered("remote: the answer cannot be read", undefined, cause);
      }
    };
    try {
      return await this.#admitted(() => this.#once(body, consumeOrDoubt));
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      if (error.isCarriedOut === false) throw new BusyError(error.message, { cause: error.cause });
      throw new AmbiguousError(error.message, { cause: error.cause });
    }
  }

  /**
   * Sends a read, and retries with pauses when there is no answer. @throws {BackendError} When there is still
   * none.
   */
  async sendRead<T>(body: Uint8Array, consume: (response: Response) => Promise<T>): Promise<T> {
    let waitMs = FIRST_WAIT_MS;
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#admitted(() => this.#once(body, consume));
      } catch (error) {
        const isRepeatable = error instanceof Unanswered || error instanceof BusyError;
        if (!isRepeatable) throw error;
        if (error instanceof Overloaded) throw new BusyError(error.message);
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
   * Yields the body of a response piece by piece, each within the time limit. Stopping early closes the
   * connection.
   *
   * @throws {BackendError} When the connection fails or a piece is not received in time.
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
      void reader.cancel().catch(() => {});
    }
  }

  /**
   * Sends a request again as long as the service has too much to do, for a minute at most. The waits that the
   * service asks for have a lower bound, which doubles.
   */
  async #admitted<T>(send: () => Promise<T>): Promise<T> {
    const endsAtMs = this.#clock.nowMs() + MAX_OVERLOAD_MS;
    let leastMs = FIRST_WAIT_MS;
    for (;;) {
      try {
        return await send();
      } catch (error) {
        if (!(error instanceof Overloaded)) throw error;
        // Clients that were refused together do not come back together.
        const [random = 0] = this.#options.host.random.bytes(1);
        const jittered = Math.ceil(Math.max(error.waitMs, leastMs) * (0.5 + random / 256));
        const waitMs = Math.min(jittered, endsAtMs - this.#clock.nowMs());
        if (waitMs <= 0) throw error;
        leastMs = Math.min(2 * leastMs, LAST_WAIT_MS);
        this.#logger.log("debug", "remote: the service has too much to do, sending again", { waitMs });
        await this.#wait(waitMs);
      }
    }
  }

  async #inTime<T>(work: () => Promise<T>): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const stopTimer = this.#after(this.#options.deadlineMs, () =>
        reject(new BackendError("remote: no answer in time")),
      );
      const failed = (cause: unknown): void =>
        reject(new BackendError("remote: the connection failed", { cause: this.#scrubbed(cause) }));
      void work().then(resolve, failed).finally(stopTimer);
    });
  }

  /**
   * Sends one request.
   *
   * @throws {Unanswered} When its outcome is unknown.
   * @throws {StoreError | TypeError} Errors of the service or of `consume`.
   */
  async #once<T>(body: Uint8Array, consume: (response: Response) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    let stopTimer = (): void => {};
    const late = new Promise<never>((_, reject) => {
      stopTimer = this.#after(this.#options.deadlineMs, () => {
        // Not every `fetch` observes the signal.
        reject(new Unanswered("remote: no answer in time", undefined, undefined));
        controller.abort();
      });
    });
    try {
      return await Promise.race([this.#exchange(body, consume, controller.signal), late]);
    } catch (error) {
      if (error instanceof Answered) throw error.error;
      if (error instanceof Unanswered || error instanceof StoreError) throw error;
      throw new Unanswered("remote: the connection failed", undefined, this.#scrubbed(error));
    } finally {
      stopTimer();
    }
  }

  async #exchange<T>(
    body: Uint8Array,
    consume: (response: Response) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const { url, token } = this.#options;
    const response = await this.#options.fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": CALL_TYPE },
      body: body as Uint8Array<ArrayBuffer>,
      signal,
      // The token must not be sent to another URL. Workers support no other mode that does not follow
      // redirects.
      redirect: "manual",
    });
    if (!response.ok) throw await failureOf(response, token);
    return await consume(response);
  }

  #scrubbed(error: unknown): unknown {
    const { url, token } = this.#options;
    return scrubError(error, [token, url]);
  }

  /** @throws {ClosedError} When the sender is closed before the wait is over. */
  #wait(waitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(closed());
      const stop = (): void => {
        stopTimer();
        reject(closed());
      };
      const stopTimer = this.#after(waitMs, () => {
        this.#waits.delete(stop);
        resolve();
      });
      this.#waits.add(stop);
    });
  }

  /** Runs a function after a delay, unless it is cancelled. */
  #after(delayMs: number, run: () => void): () => void {
    this.#tasks += 1;
    const name = `remote ${this.#name}: request ${this.#tasks}`;
    const unregister = this.#scheduler.register(name, async () => {
      unregister();
      run();
    });
    this.#scheduler.schedule(name, this.#clock.nowMs() + delayMs);
    return unregister;
  }
}

function closed(): ClosedError {
  return new ClosedError("remote: the backend is closed");
}
