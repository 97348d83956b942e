/**
 * Measures the entries of one bundled file and sends each result to the process that started this one (bench/run.mjs). A file has a
 * process to itself: what an entry finds compiled, and how full it finds memory, do not depend on the files before it.
 *
 * `node bench/measure_file.mjs <bundle> [prefix…]`: the entries whose names begin with one of the prefixes, or all.
 */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isMissed } from "./limits.mjs";

/**
 * @typedef {import("./bench.ts").BenchEntry} BenchEntry
 * @typedef {import("./limits.mjs").Result} Result
 */

/** Units of what is measured by the clock. */
const TIMED_UNITS = ["ratio", "× throughput"];

/**
 * @param {BenchEntry} entry
 * @returns {Promise<[name: string, result: Result][]>}
 */
async function measure(entry) {
  const measured = await entry.run();
  /** @type {[string, number][]} */
  const values =
    typeof measured === "number"
      ? [[entry.name, measured]]
      : Object.entries(measured).map(([key, value]) => [`${entry.name}.${key}`, value]);
  return values.map(([name, value]) => {
    if (!Number.isFinite(value)) throw new RangeError(`bench ${name}: ${value} is no measurement`);
    const { unit, limit, against } = entry;
    return [name, { value, unit, ...(limit && { limit }), ...(against !== undefined && { against }) }];
  });
}

/**
 * Compares times that a busy moment can spoil: where a limit is missed it is measured twice more, and the median of the three counts.
 * Exact counts are measured once.
 *
 * @param {BenchEntry} entry
 * @returns {Promise<[name: string, result: Result][]>}
 */
async function measureSteadily(entry) {
  const first = await measure(entry);
  if (!TIMED_UNITS.includes(entry.unit) || !first.some(([, result]) => isMissed(result))) return first;
  const others = [new Map(await measure(entry)), new Map(await measure(entry))];
  return first.map(([name, result]) => {
    const values = [result.value, ...others.map((other) => other.get(name)?.value ?? result.value)];
    console.error(
      `${name}: missed at first; of ${values.map((value) => value.toFixed(3)).join(", ")} the median counts`,
    );
    return [name, { ...result, value: /** @type {number} */ (values.sort((a, b) => a - b)[1]) }];
  });
}

const [bundle = "", ...prefixes] = process.argv.slice(2);
/** @type {{entries: BenchEntry[]}} */
const { entries } = await import(pathToFileURL(resolve(bundle)).href);
for (const entry of entries) {
  if (prefixes.length > 0 && !prefixes.some((prefix) => entry.name.startsWith(prefix))) continue;
  for (const result of await measureSteadily(entry)) process.send?.(result);
}
process.disconnect?.();
