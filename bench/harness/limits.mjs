/** Limits of measurements, and their description. */

/**
 * @typedef {import("./entry.ts").BenchEntry} BenchEntry
 * @typedef {import("./entry.ts").Limit} Limit
 *
 * @typedef {{ kind: BenchEntry["kind"], value: number, unit: string, limit?: Limit, against?: string,
 *   samples?: number[], }} Result `samples`: the comparisons in order. `value` is their median.
 */

/**
 * Tolerance of CI for ratios beyond their limit. Its machines are shared, and a limit that fails by chance is
 * soon ignored.
 */
export const CI_TOLERANCE = 1.5;

/**
 * @param {Result} result
 * @param {{tolerance?: number}} [options] `tolerance`: the factor by which a ratio may exceed its limit.
 *   Counts have no tolerance.
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
