import { type FencedError, HaltedError } from "../errors/mod.ts";
import { type ErrorSummary, summarizeError } from "./events.ts";
import type { IsolatedItem } from "./flush_report.ts";
import type { Pending } from "./flushable.ts";

/**
 * What the engine is doing.
 *
 * - `idle`: nothing in flight, the last commit succeeded (or there was none).
 * - `saving`: a flush is in flight.
 * - `failing`: the last commit failed; tried again after a pause.
 * - `halted`: ten in a row failed; gates are shut, probing goes on.
 * - `fenced`: a later owner exists; for good.
 * - `closed`: closed.
 */
export type SaveState = "idle" | "saving" | "failing" | "halted" | "fenced" | "closed";

/** How saving is going. */
export interface WriteBehindHealth {
  readonly state: SaveState;
  /** Failures since the last commit that succeeded. */
  readonly consecutiveFailures: number;
  /** The latest failure, kept until a commit succeeds. */
  readonly lastError: ErrorSummary | undefined;
  readonly lastSuccessAtMs: number | undefined;
  readonly lastFailureAtMs: number | undefined;
  /** When the engine will try again by itself, while it is failing or halted. */
  readonly retryAtMs: number | undefined;
  /** What is dirty, over all flushables. */
  readonly pending: Pending;
  /** Age of the oldest change that is not durable, `undefined` when there is none. */
  readonly oldestDirtyAgeMs: number | undefined;
  /** Items that the backend refuses, still dirty. */
  readonly isolated: readonly IsolatedItem[];
  /** Writers that wait in `ready`. */
  readonly waitingWriters: number;
}

/** What the outcome of commits says about the backend. */
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

  /** When to try again, while failing or halted. */
  get retryAtMs(): number | undefined {
    return this.#retryAtMs;
  }

  get halted(): boolean {
    return this.#consecutiveFailures >= this.#haltAfter;
  }

  /** What the commit said that found a later owner. */
  get fenced(): FencedError | undefined {
    return this.#fenced;
  }

  /** A commit succeeded. Returns how many failures that ended. */
  succeeded(nowMs: number): number {
    const failures = this.#consecutiveFailures;
    this.#consecutiveFailures = 0;
    this.#lastError = undefined;
    this.#lastSuccessAtMs = nowMs;
    this.#retryAtMs = undefined;
    return failures;
  }

  /** A commit failed. */
  failed(error: Error, nowMs: number, retryAtMs: number): void {
    this.#consecutiveFailures += 1;
    this.#lastError = summarizeError(error);
    this.#lastFailureAtMs = nowMs;
    this.#retryAtMs = retryAtMs;
  }

  /** A later owner exists. */
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
