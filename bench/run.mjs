/**
 * Runs the benchmarks of bench/entries: `npm run bench` prints a table, `npm run -s bench -- --json` one JSON
 * object and nothing else, `npm run bench -- sqlite` the entries whose names begin with `sqlite`. Exits
 * non-zero at a missed limit and at a name that matches no entry.
 *
 * `--ci` is for shared machines: a count fails at its limit, a ratio only beyond 1.5 times its limit. Each
 * ratio is compared once, while another file is measured; one beyond that is compared five times alone.
 * Counts that take minutes, and entries without a limit, are left out.
 *
 * Some entries need what is no dependency of the project: a library of tools/drivers, or another version of
 * Node. It is installed for the first such entry. `--ci` skips these entries if it is not installed.
 *
 * Entries are TypeScript, which not every supported version of Node can run, so esbuild bundles each file
 * first. Each file is measured in processes of its own (bench/harness/measure_file.mjs), without `--ci` one
 * file after the other.
 */

import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { installedBetterSqlite3 } from "../tools/lib/drivers.mjs";
import { installedNode, ownMajor } from "../tools/lib/nodes.mjs";
import { failureLines } from "../tools/lib/reports.mjs";
import { pool } from "../tools/lib/run.mjs";
import { CI_TOLERANCE, describeLimit, isMissed } from "./harness/limits.mjs";

/**
 * @typedef {import("./harness/limits.mjs").Result} Result
 * @typedef {{isCi: boolean, isJson: boolean, prefixes: readonly string[]}} Options
 * @typedef {import("./harness/entry.ts").RatioEntry["runtime"]} Runtime
 * @typedef {Omit<Result, "value"> & {name: string, needs?: string, runtime?: Runtime}} Ratio
 * @typedef {{name: string, result: Result} | {ratio: Ratio} | {value: number}} Message
 */

/** Inside node_modules, so that the bundles resolve packages as the sources do. */
const BUNDLES = resolve("node_modules/.cache/holdfast-bench", String(process.pid));

/** Comparisons whose median is the value of a ratio. */
const COMPARISONS = 5;

/** @returns {Promise<string[]>} The bundles of the entries, in the order of the files' names. */
async function bundleEntries() {
  const names = readdirSync("bench/entries").filter((name) => name.endsWith(".ts"));
  mkdirSync(BUNDLES, { recursive: true });
  await build({
    entryPoints: [...names.map((name) => join("bench/entries", name)), "bench/harness/compare.ts"],
    outdir: BUNDLES,
    outbase: "bench",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    logLevel: "warning",
  });
  return names.map((name) => join(BUNDLES, "entries", name.replace(/\.ts$/, ".mjs")));
}

/**
 * The program of a runtime, `undefined` when it is not installed.
 *
 * @param {Runtime} runtime
 */
function programOf(runtime) {
  if (runtime === undefined) return process.execPath;
  if (runtime === "bun") return realpathSync(resolve("node_modules/.bin/bun"));
  const major = runtime === "node 22" ? 22 : 24;
  return ownMajor() === major ? process.execPath : installedNode(major);
}

/**
 * Runs bench/harness/measure_file.mjs to its end.
 *
 * @param {readonly string[]} args
 * @param {Options} options
 * @param {Runtime} [runtime]
 * @returns {Promise<Message[]>} The messages that it sent.
 */
async function runMeasurement(args, { isJson }, runtime) {
  const child = fork("bench/harness/measure_file.mjs", args, {
    execPath: programOf(runtime) ?? process.execPath,
    // With --json, the logs of entries and libraries do not go to standard output.
    stdio: ["ignore", isJson ? 2 : "inherit", "inherit", "ipc"],
  });
  /** @type {Message[]} */
  const messages = [];
  child.on("message", (message) => messages.push(/** @type {Message} */ (message)));
  const [code, signal] = await once(child, "close");
  if (code !== 0) throw new Error(`bench ${args.join(" ")}: ended with ${signal ?? `exit code ${code}`}`);
  return messages;
}

/** Prepared requirements of entries. */
const made = new Set();

/**
 * Prepares the requirements of an entry.
 *
 * @param {Ratio} ratio
 * @param {Options} options
 * @returns {boolean} Whether they are available.
 */
function meet({ needs, runtime }, { isCi }) {
  if (needs === "dist" && !made.has(needs)) npm(["run", "-s", "build"], ".");
  if (needs !== undefined) made.add(needs);
  const hasRuntime = () => programOf(runtime) !== undefined;
  const hasLibrary = () => needs !== "better-sqlite3" || installedBetterSqlite3() !== undefined;
  if (!isCi && !hasRuntime()) npm(["run", "-s", "nodes"], ".");
  if (!isCi && !hasLibrary()) npm(["run", "-s", "drivers"], ".");
  return hasRuntime() && hasLibrary();
}

/**
 * @param {readonly string[]} args
 * @param {string} folder
 */
function npm(args, folder) {
  console.error(`bench: npm ${args.join(" ")} in ${resolve(folder)}`);
  const isWindows = process.platform === "win32";
  const { status } = spawnSync("npm", args, { cwd: folder, stdio: ["ignore", 2, 2], shell: isWindows });
  if (status !== 0) throw new Error(`bench: npm ${args.join(" ")} failed in ${resolve(folder)}`);
}

/**
 * The median of some comparisons.
 *
 * @param {string} bundle
 * @param {Ratio} ratio
 * @param {number} comparisons
 * @param {Options} options
 * @returns {Promise<Result>}
 */
async function compare(bundle, { name, needs: _, runtime, ...ratio }, comparisons, options) {
  /** @type {number[]} */
  const samples = [];
  while (samples.length < comparisons)
    for (const message of await runMeasurement([bundle, "ratio", name], options, runtime))
      if ("value" in message) samples.push(message.value);
  const sorted = [...samples].sort((a, b) => a - b);
  return { ...ratio, value: /** @type {number} */ (sorted[sorted.length >> 1]), samples };
}

/**
 * Measures the entries of one file.
 *
 * @param {string} bundle
 * @param {Options} options
 * @returns {Promise<{results: [name: string, Result][], doubtful: Ratio[]}>} `doubtful` are the ratios that
 *   are to be compared again, while nothing else runs.
 */
async function measureFile(bundle, options) {
  /** @type {[string, Result][]} */
  const results = [];
  /** @type {Ratio[]} */
  const doubtful = [];
  const mode = options.isCi ? "short" : "exact";
  for (const message of await runMeasurement([bundle, mode, ...options.prefixes], options)) {
    if ("result" in message) results.push([message.name, message.result]);
    if (!("ratio" in message)) continue;
    const { ratio } = message;
    if (!meet(ratio, options)) {
      console.error(`${ratio.name}: left out, ${ratio.needs ?? ratio.runtime} is not installed`);
      continue;
    }
    const result = await compare(bundle, ratio, options.isCi ? 1 : COMPARISONS, options);
    // The table comes at the end, after minutes.
    if (!options.isCi) console.error(`measured  ${ratio.name}  ${format(result.value)}  ${spreadOf(result)}`);
    if (options.isCi && isMissed(result, { tolerance: CI_TOLERANCE })) doubtful.push(ratio);
    results.push([ratio.name, result]);
  }
  return { results, doubtful };
}

/**
 * @param {Options} options
 * @returns {Promise<Record<string, Result>>}
 */
async function measureAll(options) {
  const bundles = await bundleEntries();
  const files = await pool(
    options.isCi ? 2 : 1,
    bundles.map((bundle) => () => measureFile(bundle, options)),
  );
  /** @type {Record<string, Result>} */
  const results = {};
  for (const [name, result] of files.flatMap((file) => file.results)) {
    if (name in results) throw new RangeError(`bench ${name}: two entries have this name`);
    results[name] = result;
  }
  for (const [index, { doubtful }] of files.entries())
    for (const ratio of doubtful)
      results[ratio.name] = await compare(
        /** @type {string} */ (bundles[index]),
        ratio,
        COMPARISONS,
        options,
      );
  return results;
}

/**
 * @param {Record<string, Result>} results
 * @param {(result: Result) => boolean} isFailed
 */
function printTable(results, isFailed) {
  const rows = Object.entries(results).map(([name, result]) => [
    isFailed(result) ? "MISSED" : isMissed(result) ? "over" : "",
    name,
    format(result.value),
    spreadOf(result),
    result.unit,
    describeLimit(result),
    result.against ?? "",
  ]);
  const widths = [0, 1, 2, 3, 4, 5].map((column) =>
    Math.max(...rows.map((row) => /** @type {string} */ (row[column]).length)),
  );
  for (const row of rows) {
    const cells = row.map((cell, i) =>
      i === 2 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
    );
    console.log(cells.join("  ").trim());
  }
}

/** @param {number} value */
function format(value) {
  return value.toLocaleString("en", { maximumFractionDigits: 3 });
}

/** @param {Result} result */
function spreadOf({ samples = [] }) {
  return samples.length > 1 ? `(${format(Math.min(...samples))}–${format(Math.max(...samples))})` : "";
}

async function main() {
  const args = process.argv.slice(2);
  const options = {
    isCi: args.includes("--ci"),
    isJson: args.includes("--json"),
    prefixes: args.filter((arg) => !arg.startsWith("--")),
  };
  const results = await measureAll(options);
  const names = Object.keys(results);
  if (names.length === 0)
    throw new RangeError(`bench: no entry begins with ${options.prefixes.join(" or ")}`);
  const tolerance = options.isCi ? CI_TOLERANCE : 1;
  /** @param {Result} result */
  const isFailed = (result) => isMissed(result, { tolerance });
  if (options.isJson) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  else printTable(results, isFailed);
  const missed = names.filter((name) => isFailed(/** @type {Result} */ (results[name])));
  if (missed.length > 0) {
    if (options.isJson) console.error(`missed: ${missed.join(", ")}`);
    else console.log(`\n${failureLines(missed).join("\n")}`);
    process.exitCode = 1;
  }
}

try {
  await main();
} finally {
  rmSync(BUNDLES, { recursive: true, force: true });
}
