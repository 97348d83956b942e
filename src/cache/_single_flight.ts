/** State of a flight, for its work. */
export interface Flight {
  /** Whether the result may be cached: false once the key is written or removed while the work runs. */
  readonly attached: boolean;
}

type Work<R> = (flight: Flight) => R | Promise<R>;

interface Caller<R> {
  readonly work: Work<R>;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
  readonly onAbort: () => void;
}

interface RunningFlight<R> {
  attached: boolean;
  /** In the order of their calls. The work of the first caller that is not cancelled runs. */
  readonly callers: Set<Caller<R>>;
}

/**
 * At most one run of work per key: further callers of the key wait for its result or error.
 *
 * Cancelling a caller does not affect the others. When the caller whose work runs is cancelled and its work
 * then fails, the work of the next caller runs, so that no caller sees the cancellation of another. Work
 * without a waiting caller runs to its end, and its result counts.
 */
export class SingleFlight<K> {
  // biome-ignore lint/suspicious/noExplicitAny: the results of one key are of one type, which the owner knows.
  readonly #flights = new Map<K, RunningFlight<any>>();

  /** Number of keys with running work. */
  get size(): number {
    return this.#flights.size;
  }

  /**
   * Joins the flight of `key`, or starts one with `work`. @throws What the work throws, or the reason of
   * `signal`.
   */
  run<R>(key: K, work: Work<R>, signal: AbortSignal | undefined): Promise<R> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise<R>((resolve, reject) => {
      const running = this.#flights.get(key) as RunningFlight<R> | undefined;
      const flight = running ?? { attached: true, callers: new Set() };
      const onAbort = () => {
        flight.callers.delete(caller);
        reject(signal?.reason);
      };
      const caller: Caller<R> = { work, signal, resolve, reject, onAbort };
      flight.callers.add(caller);
      signal?.addEventListener("abort", onAbort, { once: true });
      if (running === undefined) {
        this.#flights.set(key, flight);
        void this.#fly(key, flight, caller);
      }
    });
  }

  /** Detaches the running work of `key`: its result is not cached, and later callers start new work. */
  detach(key: K): void {
    const flight = this.#flights.get(key);
    if (flight === undefined) return;
    flight.attached = false;
    this.#flights.delete(key);
  }

  /** Detaches every key. */
  detachAll(): void {
    for (const flight of this.#flights.values()) flight.attached = false;
    this.#flights.clear();
  }

  async #fly<R>(key: K, flight: RunningFlight<R>, first: Caller<R>): Promise<void> {
    for (let initiator = first; ; ) {
      try {
        const result = await initiator.work(flight);
        this.#land(key, flight, (caller) => caller.resolve(result));
        return;
      } catch (error) {
        const [next] = flight.callers;
        if (!initiator.signal?.aborted || next === undefined) {
          this.#land(key, flight, (caller) => caller.reject(error));
          return;
        }
        initiator = next;
      }
    }
  }

  #land<R>(key: K, flight: RunningFlight<R>, answer: (caller: Caller<R>) => void): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
    for (const caller of flight.callers) {
      caller.signal?.removeEventListener("abort", caller.onAbort);
      answer(caller);
    }
  }
}
