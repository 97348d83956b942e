import type { Clock } from "../ports/mod.ts";

/** Default start of a fake clock: 2026-01-01T00:00:00Z, in milliseconds. */
const DEFAULT_START_MS = 1_767_225_600_000;

/**
 * A clock that moves only when a test moves it.
 *
 * @example
 * ```ts
 * import { FakeClock } from "@holdfast/store/testing";
 *
 * const clock = new FakeClock(1_000);
 * clock.advance(500);
 * if (clock.nowMs() !== 1_500) throw new Error("the clock did not move");
 * ```
 */
export class FakeClock implements Clock {
  #nowMs: number;

  /**
   * Starts the clock.
   *
   * @param startMs Milliseconds since the Unix epoch. Defaults to 2026-01-01T00:00:00Z.
   */
  constructor(startMs: number = DEFAULT_START_MS) {
    this.#nowMs = requireMs("start clock", startMs);
  }

  /** Milliseconds since the Unix epoch. Stands still until `advance` or `set`. */
  nowMs(): number {
    return this.#nowMs;
  }

  /**
   * Moves forward by `ms`. Does not run scheduled tasks; see `ManualScheduler.advance`.
   *
   * @throws {RangeError} When `ms` is not a non-negative integer.
   */
  advance(ms: number): void {
    if (!Number.isSafeInteger(ms) || ms < 0) {
      throw new RangeError("advance clock: ms is not a non-negative integer");
    }
    this.#nowMs += ms;
  }

  /**
   * Jumps to a time, also backwards, as a corrected real clock does. @throws {RangeError} When it is not an
   * integer.
   */
  set(nowMs: number): void {
    this.#nowMs = requireMs("set clock", nowMs);
  }
}

function requireMs(action: string, value: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${action}: the time is not an integer`);
  return value;
}
