/** What a measurement is compared with, and how that reads. */

/**
 * @typedef {import("./bench.ts").Limit} Limit
 * @typedef {{value: number, unit: string, limit?: Limit, against?: string}} Result
 */

/** @param {Result} result */
export function isMissed({ value, limit }) {
  if (limit === undefined) return false;
  return "max" in limit ? value > limit.max : value < limit.min;
}

/** @param {Result} result */
export function describeLimit({ limit }) {
  if (limit === undefined) return "";
  return "max" in limit ? `≤ ${limit.max}` : `≥ ${limit.min}`;
}
