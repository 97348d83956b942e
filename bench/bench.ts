/** What a benchmark entry is, and how two ways of doing one thing are compared. */

/** A bound on a value: at most `max`, or at least `min`. A missed bound makes `npm run bench` fail. */
export type Limit = { readonly max: number } | { readonly min: number };

/** One measurement. Files in `bench/entries` export an array of them as `entries`. */
export interface BenchEntry {
  /** Dotted, unique: `area.what.unit_or_comparison`. */
  readonly name: string;
  readonly unit: string;
  /** For the single value of `run`, or for each value of its record. */
  readonly limit?: Limit;
  /** What the value is compared with, in words. */
  readonly against?: string;
  /** Measures. A record gives several values of one run, each reported as `name.key`. */
  run(): Promise<number | Readonly<Record<string, number>>>;
}

/** How long {@link ratio} measures. */
export interface RatioOptions {
  /** Pairs of measurements; their medians are divided. 15 by default. */
  readonly rounds?: number;
  /** Least time of one measurement, reached by repeating the call. 20 ms by default. */
  readonly minMs?: number;
}

type Work = () => unknown;

/**
 * How much longer `a` takes than `b`, below 1 when it is faster.
 *
 * Both run in one process and take turns, each round in the other order, so that what slows the machine down slows both. A call's
 * time is the mean over a measurement of at least `minMs`; the answer is the quotient of the medians over all rounds.
 */
export async function ratio(
  a: Work,
  b: Work,
  { rounds = 15, minMs = 20 }: RatioOptions = {},
): Promise<number> {
  const repeatA = await calibrate(a, minMs);
  const repeatB = await calibrate(b, minMs);
  const timesA: number[] = [];
  const timesB: number[] = [];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) timesA.push(await measure(a, repeatA));
    timesB.push(await measure(b, repeatB));
    if (round % 2 === 1) timesA.push(await measure(a, repeatA));
  }
  return median(timesA) / median(timesB);
}

/** Calls needed to fill `minMs`, found by doubling; warms the code up on the way. */
async function calibrate(work: Work, minMs: number): Promise<number> {
  for (let repeat = 1; ; repeat *= 2) {
    const elapsedMs = (await measure(work, repeat)) * repeat;
    if (elapsedMs >= minMs) return repeat;
  }
}

/** Mean milliseconds of a call over `repeat` calls. Only promises are awaited: a synchronous call pays for no tick. */
async function measure(work: Work, repeat: number): Promise<number> {
  const startedAt = performance.now();
  for (let i = 0; i < repeat; i++) {
    const pending = work();
    if (pending instanceof Promise) await pending;
  }
  return (performance.now() - startedAt) / repeat;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("median: no values");
  const sorted = [...values].sort((x, y) => x - y);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
