const COUNT = new Intl.NumberFormat("en");
const SHORT = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const RATIO = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
// The Swedish form is year-month-day.
const DATE_TIME = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium" });
const MINUTE = new Intl.DateTimeFormat("sv-SE", { timeStyle: "short" });
const TIME = new Intl.DateTimeFormat("sv-SE", { timeStyle: "medium" });

/** A whole number. */
export function count(number: number): string {
  return COUNT.format(number);
}

/** A number of things. */
export function things(number: number, one: string, many: string = `${one}s`): string {
  return `${COUNT.format(number)} ${number === 1 ? one : many}`;
}

/** A ratio from 0 to 1 as a percentage. */
export function percent(ratio: number): string {
  return RATIO.format(ratio);
}

/** A size. */
export function bytes(size: number): string {
  if (size < 1_000) return `${COUNT.format(size)} B`;
  const units = ["kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(size) / 3), units.length);
  return `${SHORT.format(size / 1_000 ** power)} ${units[power - 1]}`;
}

/** A duration that was measured. */
export function took(ms: number): string {
  return ms < 1_000 ? `${SHORT.format(ms)} ms` : `${SHORT.format(ms / 1_000)} s`;
}

/** A clock time, with its date. */
export function dateTime(atMs: number): string {
  return DATE_TIME.format(atMs);
}

/** The minute of a clock time of a day that is known. */
export function minute(atMs: number): string {
  return MINUTE.format(atMs);
}

/** A clock time of a day that is known. */
export function time(atMs: number): string {
  return TIME.format(atMs);
}

const SPANS: readonly (readonly [ms: number, unit: string])[] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
];

/** A span in its greatest unit. */
export function span(ms: number): string {
  const [unitMs, unit] = SPANS.find(([size]) => ms >= size) ?? [1_000, "s"];
  return `${COUNT.format(Math.floor(ms / unitMs))} ${unit}`;
}

/** How long ago, or how far ahead, a clock time is. */
export function fromNow(atMs: number, nowMs: number): string {
  const awayMs = atMs - nowMs;
  if (awayMs > 1_000) return `in ${span(awayMs)}`;
  return awayMs > -1_000 ? "now" : `${span(-awayMs)} ago`;
}
