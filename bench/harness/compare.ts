/** Compares two ways to do the same work by CPU time, in turns. */

import type { RatioEntry } from "./entry.ts";

/** One side of a comparison. */
export interface Side {
  /** Prepares the input of the next turn. Not timed. */
  prepare?(): unknown;
  /**
   * One turn. Timed until it returns, or until its promise settles. A turn must take at least a millisecond.
   */
  run(): unknown;
}

/** Two opened sides. */
export interface Comparison {
  readonly ours: Side;
  readonly theirs: Side;
  /** Additional work of `ours` that is not compared. Its time is subtracted. */
  readonly ownBase?: Side;
  /** CPU time of the counted turns of both sides. Defaults to 400 ms. */
  readonly minCpuMs?: number;
  /** CPU time of the warm-up turns. Defaults to 300 ms. */
  readonly warmUpCpuMs?: number;
  /** Minimum number of counted turns per side. Defaults to 5. */
  readonly minRounds?: number;
  /** CPU time so far, in microseconds. Defaults to that of all threads of this process. */
  cpuUs?(): number;
  close?(): unknown;
}

/**
 * CPU time of this process in microseconds: user and system, all threads, garbage collection and compilation
 * included.
 */
export function ownCpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** One comparison of an entry, in the unit of the entry. */
export async function compareEntry({ open, unit }: RatioEntry): Promise<number> {
  const comparison = await open();
  try {
    const ratio = await compare(comparison);
    return unit === "ratio" ? ratio : 1 / ratio;
  } finally {
    await comparison.close?.();
  }
}

/**
 * The CPU time of `ours` divided by that of `theirs`.
 *
 * The sides take turns, A B A B, so that a change of the machine's speed affects both. The result divides the
 * medians of their turns, because a garbage collection falls into few turns and takes many times as long as
 * one.
 */
export async function compare(comparison: Comparison): Promise<number> {
  const { ours, theirs, ownBase, cpuUs = ownCpuUs } = comparison;
  const { minCpuMs = 400, warmUpCpuMs = 300, minRounds = 5 } = comparison;
  const sides = ownBase === undefined ? [ours, theirs] : [ours, ownBase, theirs];
  await medianUs(sides, { minUs: warmUpCpuMs * 1_000, minRounds: 1, cpuUs });
  const medians = await medianUs(sides, { minUs: minCpuMs * 1_000, minRounds, cpuUs });
  const [oursUs = 0, baseUs = 0] = medians;
  const theirsUs = medians.at(-1) ?? 0;
  return (ownBase === undefined ? oursUs : oursUs - baseUs) / theirsUs;
}

interface TurnOptions {
  readonly minUs: number;
  readonly minRounds: number;
  readonly cpuUs: () => number;
}

/** CPU time of a turn of each side, the median over the rounds until both have used `minUs`. */
async function medianUs(sides: readonly Side[], { minUs, minRounds, cpuUs }: TurnOptions): Promise<number[]> {
  const times: number[][] = sides.map(() => []);
  let spentUs = 0;
  for (let round = 0; round < minRounds || spentUs < minUs; round++) {
    for (const [at, side] of sides.entries()) {
      const us = await turn(side, cpuUs);
      times[at]?.push(us);
      spentUs += us;
    }
  }
  return times.map(median);
}

/** Only promises are awaited, so that a synchronous turn does not pay for a microtask. */
async function turn(side: Side, cpuUs: () => number): Promise<number> {
  await side.prepare?.();
  const before = cpuUs();
  const pending = side.run();
  if (pending instanceof Promise) await pending;
  return cpuUs() - before;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("median: no values");
  const sorted = [...values].sort((x, y) => x - y);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
