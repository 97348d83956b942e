import { inject } from "vitest";

/** A short and a long amount of work: seeds, steps, kills or rounds. */
export interface Doses<Amount> {
  /** The amount for `npm test`. Must be enough to detect the faults that the test is about. */
  readonly short: Amount;
  /** The amount for `npm run test:long`. */
  readonly long: Amount;
}

/**
 * Returns the amount of work of a long test in this run: `long` in `npm run test:long` and wherever
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

/** Timeout of a dosed test, to end a hang. Not a limit on speed. */
export const DOSED_TIMEOUT_MS: number = dose({ short: 300_000, long: 3_000_000 });

/** Returns every `step`-th of the items, the first one included. With step 1, all of them. */
export function everyNth<Item>(items: Iterable<Item>, step: number): Item[] {
  return [...items].filter((_, index) => index % step === 0);
}
