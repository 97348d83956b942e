import { type Signal, signal } from "@preact/signals";
import { Failure, failureOf } from "../api/failure.ts";
import type { StreamEvent } from "../api/read_events.ts";
import type { StreamReader } from "../api/source.ts";

/** How what is shown is kept up to date. */
export type LiveState =
  /** An answer is awaited. After a failure what is shown is old until it arrives. */
  | { readonly kind: "connecting"; readonly failure?: Failure | undefined }
  /** Events arrive as they happen. */
  | { readonly kind: "live" }
  /** There is no stream: it is asked again from time to time. */
  | { readonly kind: "asking"; readonly everyMs: number }
  /** The connection is gone, and is tried again at a time of this machine's clock. */
  | { readonly kind: "waiting"; readonly retryAtMs: number; readonly failure: Failure }
  | { readonly kind: "paused" };

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;

/** How often a source without a stream is asked. */
const ASK_MS = 10_000;

/** How often it is asked where accounts are asked one by one: each question wakes an object. */
export const ASK_ONE_BY_ONE_MS = 60_000;

/** A stream on which nothing arrives for this time is dead: the service sends a comment more often. */
const SILENCE_MS = 45_000;

/** A connection that stays for this time was none that fails at once. */
const STEADY_MS = 10_000;

/** The failure after which nothing was answered yet: what is shown is old. */
export function outageOf(state: LiveState): Failure | undefined {
  return state.kind === "waiting" || state.kind === "connecting" ? state.failure : undefined;
}

/** What a connection keeps up to date. */
export interface LiveTarget {
  /** Reads everything anew. Called after each connection, since what happened before it is not sent again. */
  refresh(signal: AbortSignal): Promise<void>;
  onEvent(event: StreamEvent): void;
  /** Pause between two questions where there is no stream, in milliseconds. Defaults to 10 s. */
  readonly askMs?: number | undefined;
  /** Left out where there is no stream. */
  watch?: ((reader: StreamReader, signal: AbortSignal) => Promise<void>) | undefined;
}

/**
 * Keeps something up to date: by a stream that is connected anew when it ends, or by asking again. Waits double
 * from a second to half a minute, and each is drawn from its second half, so that many pages do not come back
 * at once.
 */
export class Live {
  readonly state: Signal<LiveState> = signal<LiveState>({ kind: "connecting" });
  readonly #target: LiveTarget;
  #running = new AbortController();
  #wake: (() => void) | undefined;
  #failures = 0;
  /** The last failure, until something is answered. */
  #outage: Failure | undefined;

  constructor(target: LiveTarget) {
    this.#target = target;
  }

  start(): void {
    this.#running.abort();
    this.#running = new AbortController();
    this.#failures = 0;
    this.state.value = { kind: "connecting", failure: this.#outage };
    void this.#run(this.#running.signal);
  }

  pause(): void {
    this.#running.abort();
    this.#wake?.();
    this.state.value = { kind: "paused" };
  }

  /** Ends a wait at once. */
  retryNow(): void {
    this.#wake?.();
  }

  /** Ends everything. Nothing is shown any more. */
  close(): void {
    this.#running.abort();
    this.#wake?.();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { watch } = this.#target;
    let isStreaming = watch !== undefined;
    while (!signal.aborted) {
      try {
        if (isStreaming && watch !== undefined) await this.#stream(watch, signal);
        else await this.#ask(signal);
      } catch (error) {
        if (signal.aborted) return;
        const failure = failureOf(error);
        if (isStreaming && failure.kind === "absent") {
          isStreaming = false;
          continue;
        }
        await this.#waitToRetry(failure, signal);
      }
    }
  }

  /** Reads a stream until it ends, which is always a failure. */
  async #stream(watch: NonNullable<LiveTarget["watch"]>, outer: AbortSignal): Promise<never> {
    const connection = new AbortController();
    const signal = AbortSignal.any([outer, connection.signal]);
    let silence: ReturnType<typeof setTimeout> | undefined;
    let steady: ReturnType<typeof setTimeout> | undefined;
    let lost: unknown;
    const listen = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => connection.abort(), SILENCE_MS);
    };
    const onOpen = (): void => {
      listen();
      steady = setTimeout(() => {
        this.#failures = 0;
      }, STEADY_MS);
      this.#target.refresh(signal).then(
        () => {
          if (signal.aborted) return;
          this.#outage = undefined;
          this.state.value = { kind: "live" };
        },
        (error: unknown) => {
          lost = error;
          connection.abort();
        },
      );
    };
    try {
      await watch({ onOpen, onArrival: listen, onEvent: (event) => this.#target.onEvent(event) }, signal);
    } catch (error) {
      if (lost !== undefined) throw lost;
      if (error instanceof Failure) throw error;
    } finally {
      connection.abort();
      clearTimeout(silence);
      clearTimeout(steady);
    }
    throw lost ?? new Failure("offline", "The connection to the service has ended.");
  }

  /** Asks once, and pauses. Nothing is asked while the page is hidden. */
  async #ask(signal: AbortSignal): Promise<void> {
    await untilSeen(signal);
    if (signal.aborted) return;
    await this.#target.refresh(signal);
    if (signal.aborted) return;
    this.#failures = 0;
    this.#outage = undefined;
    const everyMs = this.#target.askMs ?? ASK_MS;
    this.state.value = { kind: "asking", everyMs };
    await this.#pauseFor(everyMs);
  }

  async #waitToRetry(failure: Failure, signal: AbortSignal): Promise<void> {
    const longest = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, MAX_RETRY_MS);
    this.#failures += 1;
    this.#outage = failure;
    const waitMs = longest * (0.5 + Math.random() / 2);
    this.state.value = { kind: "waiting", retryAtMs: Date.now() + waitMs, failure };
    await this.#pauseFor(waitMs);
    if (!signal.aborted) this.state.value = { kind: "connecting", failure };
  }

  async #pauseFor(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}

/** Resolves when the page is visible, or when the signal is aborted. */
async function untilSeen(signal: AbortSignal): Promise<void> {
  if (!document.hidden || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const seen = new AbortController();
    const check = (): void => {
      if (document.hidden && !signal.aborted) return;
      seen.abort();
      resolve();
    };
    document.addEventListener("visibilitychange", check, { signal: seen.signal });
    signal.addEventListener("abort", check, { signal: seen.signal });
  });
}

/** What keeps the page up to date that is shown now: the head of the console has its switch. */
export const shownLive: Signal<Live | undefined> = signal<Live | undefined>(undefined);
