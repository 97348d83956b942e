/**
 * Runs the benchmarks of bench/entries: `npm run bench` prints a table, `npm run -s bench -- --json` one JSON object and nothing else,
 * `npm run bench -- sqlite` the entries whose names begin so. A missed limit, and a name that matches nothing, exit non-zero.
 *
 * Entries are TypeScript, which Node does not read on every version supported here: esbuild bundles each first.
 */

import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

/**
 * @typedef {import("./bench.ts").BenchEntry} BenchEntry
 * @typedef {import("./bench.ts").Limit} Limit
 * @typedef {{value: number, unit: string, limit?: Limit, against?: string}} Result
 */

/** Says in front of a name that its limit is known to be missed: it is measured and printed all the same, and fails nothing. */
const ALLOW_MISS = "--allow-miss=";

/** Units of what is measured by the clock. */
const TIMED_UNITS = ["ratio", "× throughput"];

/** Inside node_modules, so that the bundles resolve packages as the sources do. */
const BUNDLES = resolve("node_modules/.cache/holdfast-bench", String(process.pid));

/** @returns {Promise<BenchEntry[]>} */
async function loadEntries() {
  const names = readdirSync("bench/entries").filter((name) => name.endsWith(".ts"));
  mkdirSync(BUNDLES, { recursive: true });
  await build({
    entryPoints: names.map((name) => join("bench/entries", name)),
    outdir: BUNDLES,
    outbase: "bench/entries",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    logLevel: "warning",
  });
  const entries = [];
  for (const name of names) {
    const module = await import(pathToFileURL(join(BUNDLES, name.replace(/\.ts$/, ".mjs"))).href);
    entries.push(...module.entries);
  }
  return entries;
}

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

/** @param {Result} result */
function isMissed({ value, limit }) {
  if (limit === undefined) return false;
  return "max" in limit ? value > limit.max : value < limit.min;
}

/** @param {Result} result */
function describeLimit({ limit }) {
  if (limit === undefined) return "";
  return "max" in limit ? `≤ ${limit.max}` : `≥ ${limit.min}`;
}

/** @param {Record<string, Result>} results */
function printTable(results) {
  const rows = Object.entries(results).map(([name, result]) => [
    isMissed(result) ? "MISSED" : "",
    name,
    result.value.toLocaleString("en", { maximumFractionDigits: 3 }),
    result.unit,
    describeLimit(result),
    result.against ?? "",
  ]);
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.max(...rows.map((row) => /** @type {string} */ (row[column]).length)),
  );
  for (const row of rows) {
    const cells = row.map((cell, i) =>
      i === 2 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
    );
    console.log(cells.join("  ").trim());
  }
}

async function main() {
  const args = process.argv.slice(2);
  const asJson = args.includes("--json");
  const allowed = args.flatMap((arg) => (arg.startsWith(ALLOW_MISS) ? [arg.slice(ALLOW_MISS.length)] : []));
  const prefixes = args.filter((arg) => arg !== "--json" && !arg.startsWith(ALLOW_MISS));
  // In JSON mode standard output carries the object alone, whatever an entry or a library logs.
  if (asJson) console.log = console.info = console.error;

  const entries = (await loadEntries()).filter(
    ({ name }) => prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix)),
  );
  if (entries.length === 0) throw new RangeError(`bench: no entry begins with ${prefixes.join(" or ")}`);
  /** @type {Record<string, Result>} */
  const results = {};
  for (const entry of entries) {
    for (const [name, result] of await measureSteadily(entry)) {
      if (name in results) throw new RangeError(`bench ${name}: two entries have this name`);
      results[name] = result;
    }
  }
  if (asJson) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  else printTable(results);
  const missed = Object.keys(results).filter((name) => isMissed(/** @type {Result} */ (results[name])));
  if (missed.length > 0) {
    console.error(`missed: ${missed.join(", ")}`);
    if (missed.some((name) => !allowed.includes(name))) process.exitCode = 1;
  }
}

try {
  await main();
} finally {
  rmSync(BUNDLES, { recursive: true, force: true });
}
