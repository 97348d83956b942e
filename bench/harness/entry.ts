/** Benchmark entries. Files in `bench/entries` export an array of them as `entries`. */

import type { Comparison } from "./compare.ts";

/** A bound on a value: at most `max`, or at least `min`. A missed bound makes `npm run bench` fail. */
export type Limit = { readonly max: number } | { readonly min: number };

/** One value, or several values of one run, each reported as `name.key`. */
export type Measured = number | Readonly<Record<string, number>>;

interface NamedEntry {
  /** Dotted and unique: `area.what.unit_or_comparison`. */
  readonly name: string;
}

/** An exact count: the same in every run and on every machine. */
export interface CountEntry extends NamedEntry {
  readonly kind: "count";
  readonly unit: string;
  /** Applies to each value. */
  readonly limit?: Limit;
  /** A description of the count. */
  readonly against?: string;
  /** Takes minutes. `--ci` leaves it out: a test that has a short dose checks the same. */
  readonly isLong?: true;
  run(): Promise<Measured>;
}

/**
 * CPU time of ours divided by that of theirs, or the inverse. The median of five comparisons counts, each in
 * a new process.
 */
export interface RatioEntry extends NamedEntry {
  readonly kind: "ratio";
  /** `ratio`: CPU time of ours ÷ theirs, less is better. `× throughput`: the inverse, more is better. */
  readonly unit: "ratio" | "× throughput";
  readonly limit?: Limit;
  /** A description of the other side. */
  readonly against: string;
  /**
   * A requirement that bench/run.mjs prepares before the first comparison: the built package, or a library of
   * tools/drivers.
   */
  readonly needs?: "dist" | "better-sqlite3";
  /** The program that measures it. Defaults to the running Node. */
  readonly runtime?: "node 22" | "node 24" | "bun";
  /** Why `--ci` leaves it out, although it has a limit: what a shared machine does to it. */
  readonly leftOutOfCi?: string;
  /** Opens both sides. Not timed. */
  open(): Comparison | Promise<Comparison>;
}

/** A figure that depends on the machine or is too noisy for a limit. It is printed and never fails a run. */
export interface FigureEntry extends NamedEntry {
  readonly kind: "figure";
  readonly unit: string;
  readonly against?: string;
  run(): Promise<Measured>;
}

export type BenchEntry = CountEntry | RatioEntry | FigureEntry;
