import { type FencedError, HaltedError } from "../errors/mod.ts";
import { type ErrorSummary, summarizeError } from "./events.ts";
import type { IsolatedItem } from "./flush_report.ts";
import type { Pending } from "./flushable.ts";

/**
 * State of the engine.
 *
 * - `idle`: no flush is in flight, and the last commit succeeded, if there was one.
 * - `saving`: a flush is in flight.
 * - `failing`: the last commit failed; retried after a delay.
 * - `halted`: ten commits in a row failed; gates are closed, and the engine keeps probing.
 * - `fenced`: a later owner exists; this state is final.
 * - `closed`: closed.
 */
export type SaveState = "idle" | "saving" | "failing" | "halted" | "fenced" | "closed";

/** Health of saving. */
export interface WriteBehindHealth {
  /** State of the engine. */
  readonly state: SaveState;
  /** Failures since the last commit that succeeded. */
  readonly consecutiveFailures: number;
  /** The latest failure, kept until a commit succeeds. */
  readonly lastError: ErrorSummary | undefined;
  /** Clock time in milliseconds of the last commit that succeeded; `undefined` when there was none. */
  readonly lastSuccessAtMs: number | undefined;
  /** Clock time in milliseconds of the last commit that failed; `undefined` when there was none. */
  readonly lastFailureAtMs: number | undefined;
  /** Time of the engine's next retry, while it is failing or halted. */
  readonly retryAtMs: number | undefined;
  /** Dirty items of all flushables. */
  readonly pending: Pending;
  /** Age of the oldest change that is not durable; `undefined` when there is none. */
  readonly oldestDirtyAgeMs: number | undefined;
  /** Refused items, which are still dirty. */
  readonly isolated: readonly IsolatedItem[];
  /** Number of writers that wait in `ready`. */
  readonly waitingWriters: number;
}

/** Records the outcomes of commits. */
export class HealthRecord {
  readonly #haltAfter: number;
  #consecutiveFailures = 0;
  #lastError: ErrorSummary | undefined;
  #lastSuccessAtMs: number | undefined;
  #lastFailureAtMs: number | undefined;
  #retryAtMs: number | undefined;
  #fenced: FencedError | undefined;

  constructor(haltAfter: number) {
    this.#haltAfter = haltAfter;
  }

  get consecutiveFailures(): number {
    return this.#consecutiveFailures;
  }

  get lastError(): ErrorSummary | undefined {
    return this.#lastError;
  }

  get lastSuccessAtMs(): number | undefined {
    return this.#lastSuccessAtMs;
  }

  get lastFailureAtMs(): number | undefined {
    return this.#lastFailureAtMs;
  }

  /** Time of the next retry, while failing or halted. */
  get retryAtMs(): number | undefined {
    return this.#retryAtMs;
  }

  get halted(): boolean {
    return this.#consecutiveFailures >= this.#haltAfter;
  }

  /** The error of the commit that found a later owner. */
  get fenced(): FencedError | undefined {
    return this.#fenced;
  }

  /** Records a successful commit. Returns the number of consecutive failures before it. */
  succeeded(nowMs: number): number {
    const failures = this.#consecutiveFailures;
    this.#consecutiveFailures = 0;
    this.#lastError = undefined;
    this.#lastSuccessAtMs = nowMs;
    this.#retryAtMs = undefined;
    return failures;
  }

  /** Records a failed commit. */
  failed(error: Error, nowMs: number, retryAtMs: number): void {
    this.#consecutiveFailures += 1;
    this.#lastError = summarizeError(error);
    this.#lastFailureAtMs = nowMs;
    this.#retryAtMs = retryAtMs;
  }

  /** Records that a later owner exists. */
  fencedBy(error: FencedError, nowMs: number): void {
    this.#fenced = error;
    this.#lastError = summarizeError(error);
    this.#lastFailureAtMs = nowMs;
    this.#retryAtMs = undefined;
  }

  /** @throws {HaltedError} While saving is halted. */
  assertNotHalted(): void {
    if (!this.halted) return;
    throw new HaltedError(`write-behind: ${this.#consecutiveFailures} commits in a row have failed`);
  }
}
