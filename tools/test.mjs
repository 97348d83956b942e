/**
 * Why: "the tests pass" means on all four runtimes, so one command runs them all and adds them up. A runner that ran nothing,
 * or that broke without a failing test to show for it, counts as a failure: silence is how a suite stops protecting anything.
 *
 * `npm test` runs everything; `npm test -- bun deno` runs the runtimes named. `npm run test:long` (`--long`) runs the long dose of each
 * test and the files that have no short one: see docs/design/testing.md. The build comes first, because tests of the built package
 * use it. The last line is `N passed, N failed`.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { closingLine, junitCounts, vitestCounts } from "./lib/reports.mjs";
import { pool, run, seconds } from "./lib/run.mjs";
import { documentedFiles } from "./lib/sources.mjs";

/**
 * @typedef {object} Runner
 * @property {string} runtime
 * @property {string} command
 * @property {(reportFile: string) => string[]} args
 * @property {boolean} [scratch] whether it runs in a temporary folder: examples in documentation open databases by relative path
 * @property {(report: string) => import("./lib/reports.mjs").Counts} counts
 *
 * @typedef {import("./lib/reports.mjs").Counts & {runtime: string, elapsedMs: number}} Result
 */

/** @param {string} project @returns {Runner} */
function vitest(project) {
  return {
    runtime: project,
    command: "vitest",
    args: (file) => [
      "run",
      "--project",
      project,
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${file}`,
    ],
    counts: vitestCounts,
  };
}

/** Against a runner that hangs, also in the long run. */
const TIMEOUT_MS = 90 * 60_000;

/** The longest first: two run at a time. @type {Runner[]} */
const RUNNERS = [
  vitest("node"),
  vitest("workerd"),
  {
    runtime: "deno",
    command: "deno",
    scratch: true,
    args: (file) => [
      ...["test", "--allow-all", "--no-check", "--no-remote", "--cached-only"],
      `--junit-path=${file}`,
      ...["--config", resolve("deno.json"), "--doc"],
      ...["test/runtime/deno", ...documentedFiles().sources].map((path) => resolve(path)),
    ],
    counts: junitCounts,
  },
  {
    runtime: "bun",
    command: "bun",
    args: (file) => [
      "test",
      "--timeout=60000",
      "--reporter=junit",
      `--reporter-outfile=${file}`,
      "./test/runtime/bun",
    ],
    counts: junitCounts,
  },
];

/**
 * @param {Runner} runner
 * @param {string} directory where reports go
 * @returns {Promise<Result>}
 */
async function runTests(runner, directory) {
  console.log(`${runner.runtime}: started`);
  const file = join(directory, runner.runtime);
  const { code, output, elapsedMs } = await run(runner.command, runner.args(file), {
    timeoutMs: TIMEOUT_MS,
    ...(runner.scratch && { cwd: directory }),
  });
  const counts = readCounts(runner, file);
  if (counts.passed + counts.failed === 0) {
    console.log(`${runner.runtime}: no test ran, exit code ${code}`);
    counts.failed = 1;
  } else if (code !== 0 && counts.failed === 0) {
    console.log(`${runner.runtime}: exit code ${code}`);
    counts.failed = 1;
  }
  if (counts.failed > 0) console.log(output);
  console.log(`${runner.runtime}: ${closingLine(counts)} in ${seconds(elapsedMs)}`);
  return { runtime: runner.runtime, elapsedMs, ...counts };
}

/**
 * @param {Runner} runner
 * @param {string} file
 */
function readCounts(runner, file) {
  try {
    return runner.counts(readFileSync(file, "utf8"));
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}

/** @param {Result[]} results */
function printTable(results) {
  const row = (/** @type {string[]} */ cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(9) : cell.padStart(9))).join("");
  console.log(`\n${row(["runtime", "passed", "failed", "skipped", "time"])}`);
  for (const { runtime, passed, failed, skipped, elapsedMs } of results) {
    console.log(row([runtime, String(passed), String(failed), String(skipped), seconds(elapsedMs)]));
  }
}

async function main() {
  const { values, positionals: wanted } = parseArgs({
    options: { long: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  if (values.long) process.env.HOLDFAST_DOSE = "long";
  const unknown = wanted.filter((name) => !RUNNERS.some((runner) => runner.runtime === name));
  if (unknown.length > 0) throw new RangeError(`run tests: no runtime ${unknown.join(", ")}`);
  const runners = RUNNERS.filter((runner) => wanted.length === 0 || wanted.includes(runner.runtime));

  const build = await run("tsc", ["-p", "tsconfig.build.json"]);
  if (build.code !== 0) {
    console.log(`build failed\n${build.output}\n0 passed, 1 failed`);
    process.exitCode = 1;
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), "holdfast-test-"));
  const startedAt = performance.now();
  const running = setInterval(() => console.log(`… ${seconds(performance.now() - startedAt)}`), 20_000);
  try {
    const results = await pool(
      2,
      runners.map((runner) => () => runTests(runner, directory)),
    );
    printTable(results);
    const total = { passed: 0, failed: 0, skipped: 0 };
    for (const result of results) {
      total.passed += result.passed;
      total.failed += result.failed;
      total.skipped += result.skipped;
    }
    console.log(`\n${closingLine(total)}`);
    if (total.failed > 0) process.exitCode = 1;
  } finally {
    clearInterval(running);
    rmSync(directory, { recursive: true });
  }
}

await main();
