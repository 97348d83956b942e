/**
 * Runs the benchmarks of bench/entries: `npm run bench` prints a table, `npm run -s bench -- --json` one JSON object and nothing else,
 * `npm run bench -- sqlite` the entries whose names begin so. A missed limit, and a name that matches nothing, exit non-zero.
 *
 * Entries are TypeScript, which Node does not read on every version supported here: esbuild bundles each first. Each file of entries
 * is measured by a process of its own (bench/measure_file.mjs), one after the other.
 */

import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { describeLimit, isMissed } from "./limits.mjs";

/** @typedef {import("./limits.mjs").Result} Result */

/** Inside node_modules, so that the bundles resolve packages as the sources do. */
const BUNDLES = resolve("node_modules/.cache/holdfast-bench", String(process.pid));

/** @returns {Promise<string[]>} The bundles, in the order of the files' names. */
async function bundleEntries() {
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
  return names.map((name) => join(BUNDLES, name.replace(/\.ts$/, ".mjs")));
}

/**
 * Measures a file in a process of its own.
 *
 * @param {string} bundle
 * @param {readonly string[]} prefixes Of the names to measure; all when there are none.
 * @param {boolean} asJson Whether standard output is kept free of what entries and libraries log.
 * @returns {Promise<[name: string, result: Result][]>}
 */
async function measureFile(bundle, prefixes, asJson) {
  const child = fork("bench/measure_file.mjs", [bundle, ...prefixes], {
    stdio: ["ignore", asJson ? 2 : "inherit", "inherit", "ipc"],
  });
  /** @type {[string, Result][]} */
  const results = [];
  child.on("message", (result) => results.push(/** @type {[string, Result]} */ (result)));
  const [code, signal] = await once(child, "close");
  if (code !== 0) throw new Error(`bench ${bundle}: ended with ${signal ?? `exit code ${code}`}`);
  return results;
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
  const prefixes = args.filter((arg) => arg !== "--json");
  /** @type {Record<string, Result>} */
  const results = {};
  for (const bundle of await bundleEntries()) {
    for (const [name, result] of await measureFile(bundle, prefixes, asJson)) {
      if (name in results) throw new RangeError(`bench ${name}: two entries have this name`);
      results[name] = result;
    }
  }
  if (Object.keys(results).length === 0)
    throw new RangeError(`bench: no entry begins with ${prefixes.join(" or ")}`);
  if (asJson) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  else printTable(results);
  const missed = Object.keys(results).filter((name) => isMissed(/** @type {Result} */ (results[name])));
  if (missed.length > 0) {
    console.error(`missed: ${missed.join(", ")}`);
    process.exitCode = 1;
  }
}

try {
  await main();
} finally {
  rmSync(BUNDLES, { recursive: true, force: true });
}
