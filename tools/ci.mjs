/**
 * Why: CI ends with one line of total counts. This runs every check, every test on every runtime without
 * skips, and the benchmarks with limits for a shared machine, each to its end, names again what failed, and
 * sums the counts of their last lines.
 *
 * `npm run ci` is `.ci/run`, which installs what this needs first.
 */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { closingLine, isFailureLine, parseClosingLine } from "./lib/reports.mjs";
import { seconds } from "./lib/run.mjs";

/** @typedef {{passed: number, failed: number, skipped: number, failures: string[], elapsedMs: number}} Outcome */

/** The stages, in order. */
const STAGES = {
  checks: ["tools/check.mjs"],
  tests: ["tools/test.mjs", "--refuse-skips"],
  "system tests": ["tools/test.mjs", "--system", "--refuse-skips"],
  benchmarks: ["bench/run.mjs", "--ci"],
};

/**
 * Runs a script and prints its output, except its closing line. A script without one counts as 1 passed or 1
 * failed.
 *
 * @param {string[]} args
 * @returns {Promise<Outcome>}
 */
async function runStage(args) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.on("close", resolve));
  /** @type {ReturnType<typeof parseClosingLine>} */
  let counts;
  /** @type {string[]} */
  const failures = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const found = parseClosingLine(line);
    if (found === undefined) console.log(line);
    else counts = found;
    if (isFailureLine(line)) failures.push(line);
  }
  const isOk = (await ended) === 0;
  counts ??= { passed: isOk ? 1 : 0, failed: isOk ? 0 : 1, skipped: 0 };
  if (!isOk && counts.failed === 0) counts.failed = 1;
  return { ...counts, failures, elapsedMs: performance.now() - startedAt };
}

const total = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const summary = [];
/** @type {string[]} */
const allFailures = [];
for (const [name, args] of Object.entries(STAGES)) {
  console.log(`\n── ${name}`);
  const { elapsedMs, failures, ...counts } = await runStage(args);
  summary.push(`${name.padEnd(12)} ${closingLine(counts)} in ${seconds(elapsedMs)}`);
  allFailures.push(...failures);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
}
if (allFailures.length > 0) console.log(`\n${allFailures.join("\n")}`);
console.log(`\n${summary.join("\n")}\n\n${closingLine(total)}`);
if (total.failed > 0) process.exitCode = 1;
