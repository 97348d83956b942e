/** What a measurement is compared with, and how that reads. */

/**
 * @typedef {import("./entry.ts").BenchEntry} BenchEntry
 * @typedef {import("./entry.ts").Limit} Limit
 *
 * @typedef {{
 *   kind: BenchEntry["kind"],
 *   value: number,
 *   unit: string,
 *   limit?: Limit,
 *   against?: string,
 *   samples?: number[],
 * }} Result
 * `samples`: the comparisons of which `value` is the median, in the order in which they were made.
 */

/**
 * What CI allows a ratio beyond its limit: its machines are shared, and a budget that fails by chance is soon
 * ignored.
 */
export const CI_TOLERANCE = 1.5;

/**
 * @param {Result} result
 * @param {{tolerance?: number}} [options] `tolerance`: how far a ratio may be beyond its limit. Counts have
 * none.
 */
export function isMissed({ kind, value, limit }, { tolerance = 1 } = {}) {
  if (limit === undefined) return false;
  const factor = kind === "ratio" ? tolerance : 1;
  return "max" in limit ? value > limit.max * factor : value < limit.min / factor;
}

/** @param {Result} result */
export function describeLimit({ limit }) {
  if (limit === undefined) return "";
  return "max" in limit ? `≤ ${limit.max}` : `≥ ${limit.min}`;
}
