/**
 * Measures entries of one bundled file and sends the results to the parent process (bench/run.mjs).
 *
 * `node bench/harness/measure_file.mjs <bundle> exact [prefix…]`: counts and figures whose names begin with
 * one of the prefixes, or all, each sent as `{name, result}`; ratios are only sent as `{ratio: {name, …}}`.
 * `short` in place of `exact` leaves out what takes minutes, and what has no limit.
 *
 * `node bench/harness/measure_file.mjs <bundle> ratio <name>`: one comparison, sent as `{value}`. Each
 * comparison has its own process, because compiled code and heap layout differ more between processes than
 * between rounds of one.
 */

import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * @typedef {import("./entry.ts").BenchEntry} BenchEntry
 * @typedef {import("./entry.ts").RatioEntry} RatioEntry
 * @typedef {import("./limits.mjs").Result} Result
 *
 * @typedef {{entries: readonly BenchEntry[]}} Bundle
 * @typedef {typeof import("./compare.ts")} Compare
 */

/** @param {unknown} message */
function send(message) {
  process.send?.(message);
}

/** @param {Exclude<BenchEntry, RatioEntry>} entry */
async function measureExact(entry) {
  const { name, kind, unit, against } = entry;
  const limit = entry.kind === "count" ? entry.limit : undefined;
  const measured = await entry.run();
  /** @type {[string, number][]} */
  const values =
    typeof measured === "number"
      ? [[name, measured]]
      : Object.entries(measured).map(([key, value]) => [`${name}.${key}`, value]);
  for (const [valueName, value] of values) {
    requireNumber(valueName, value);
    send({ name: valueName, result: { kind, value, unit, limit, against } });
  }
}

/**
 * Whether CI measures an entry: one that can fail it, within minutes.
 *
 * @param {BenchEntry} entry
 */
function isForCi(entry) {
  if (entry.kind === "figure" || entry.limit === undefined) return false;
  return entry.kind === "ratio" ? entry.leftOutOfCi === undefined : entry.isLong !== true;
}

/**
 * @param {string} name
 * @param {number} value
 */
function requireNumber(name, value) {
  if (!Number.isFinite(value)) throw new RangeError(`bench ${name}: ${value} is not a measurement`);
}

/**
 * @template T
 * @param {string} path
 * @returns {Promise<T>}
 */
async function load(path) {
  return await import(pathToFileURL(resolve(path)).href);
}

const [bundle = "", mode, ...names] = process.argv.slice(2);
const { entries } = /** @type {Bundle} */ (await load(bundle));
if (mode === "ratio") {
  const entry = entries.find(({ name }) => name === names[0]);
  if (entry?.kind !== "ratio") throw new RangeError(`bench ${names[0]}: no ratio with this name`);
  const { compareEntry } = /** @type {Compare} */ (
    await load(join(dirname(bundle), "../harness/compare.mjs"))
  );
  const value = await compareEntry(entry);
  requireNumber(entry.name, value);
  send({ value });
} else {
  for (const entry of entries) {
    if (names.length > 0 && !names.some((prefix) => entry.name.startsWith(prefix))) continue;
    if (mode === "short" && !isForCi(entry)) continue;
    if (entry.kind !== "ratio") await measureExact(entry);
    else {
      const { name, kind, unit, limit, against, needs, runtime } = entry;
      send({ ratio: { name, kind, unit, limit, against, needs, runtime } });
    }
  }
}
process.disconnect?.();
