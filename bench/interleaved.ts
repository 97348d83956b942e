import { median } from "./bench.ts";

/** How `interleaved` measures. */
export interface InterleavedOptions {
  /** Measurements of each work. */
  readonly rounds: number;
  /** Rounds before them, which are not counted. 1 by default. */
  readonly warmUp?: number;
}

/**
 * Median time of each work, in the unit that they answer in. They take turns, each round in another order. A work times itself,
 * so that what it has to prepare is not counted, and is told which round it is in.
 */
export async function interleaved(
  works: readonly ((round: number) => number | Promise<number>)[],
  { rounds, warmUp = 1 }: InterleavedOptions,
): Promise<number[]> {
  const times: number[][] = works.map(() => []);
  for (let round = 0; round < warmUp + rounds; round++) {
    for (let turn = 0; turn < works.length; turn++) {
      const at = (turn + round) % works.length;
      const time = await works[at]?.(round);
      if (round >= warmUp && time !== undefined) times[at]?.push(time);
    }
  }
  return times.map(median);
}

/** Mean microseconds of a call of a synchronous work, over short rounds, so that what else the machine does spoils few of them. */
export function timed(work: () => unknown, calls: number): () => number {
  return () => {
    const startedAt = performance.now();
    for (let i = 0; i < calls; i++) work();
    return ((performance.now() - startedAt) * 1_000) / calls;
  };
}
