/** Source of time. */
export interface Clock {
  /** Milliseconds since the Unix epoch, an integer. It may step back when the host's clock is corrected. */
  nowMs(): number;
}

/** The clock's time in whole Unix seconds, the unit of every stored time whose name does not end in `Ms`. */
export function nowSeconds(clock: Clock): number {
  return Math.floor(clock.nowMs() / 1000);
}
