import { inject } from "vitest";

/** Two amounts of one work: seeds, steps, kills or rounds. */
export interface Doses<Amount> {
  /**
   * What `npm test` has time for. It still fails when the code under test is wrong in the ways that the test
   * is about.
   */
  readonly short: Amount;
  /** What `npm run test:long` runs. */
  readonly long: Amount;
}

/**
 * Returns how much of a long test to do in this run: `long` in `npm run test:long` and wherever
 * `HOLDFAST_DOSE=long` is set, `short` otherwise. Tests that have no short form are files named
 * `*_long_test.ts`, which only the long run includes.
 *
 * @example
 * ```ts
 * const SEEDS = dose({ short: 4, long: 64 });
 * ```
 */
export function dose<Amount>({ short, long }: Doses<Amount>): Amount {
  return inject("dose") === "long" ? long : short;
}

/** Limit of a dosed test, against a hang: it measures no speed. */
export const DOSED_TIMEOUT_MS: number = dose({ short: 300_000, long: 3_000_000 });

/** Returns every `step`-th of the items, the first one included. With step 1, all of them. */
export function everyNth<Item>(items: Iterable<Item>, step: number): Item[] {
  return [...items].filter((_, index) => index % step === 0);
}
