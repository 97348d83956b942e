/**
 * Why: one command runs the tests on every runtime and sums the counts. A runner that ran no test, or that
 * failed without a failing test, counts as a failure.
 *
 * `npm test` runs the tests of every part, on Node, in workerd, on Deno and on Bun. `npm run test:system`
 * (`--system`) runs what starts processes or servers, or runs for long, and the nearest to the host on other
 * versions of Node. `npm test -- bun deno` runs the named runners. `npm run test:long` (`--long`) runs the long
 * dose of each test and the files without a short one: see docs/design/testing.md. It builds first, because
 * tests use the built package.
 *
 * Tests that cannot run on this machine are skipped, with a reason. `--refuse-skips` counts them as failures.
 * The last line is `N passed, N failed` or `N passed, N failed, N skipped`.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { installedNode, NODE_MAJORS, ownMajor } from "./lib/nodes.mjs";
import { closingLine, failureLines, junitCounts, vitestCounts } from "./lib/reports.mjs";
import { pool, run, seconds } from "./lib/run.mjs";

/**
 * @typedef {import("./lib/reports.mjs").Counts} Counts
 *
 * @typedef {object} Runner
 * @property {string} name
 * @property {string} [skip] why it cannot run on this machine
 * @property {string} command
 * @property {(reportFile: string) => string[]} args
 * @property {NodeJS.ProcessEnv} [env]
 * @property {boolean} [scratch] whether it runs in a temporary folder: examples in documentation open
 * databases by relative path
 * @property {(report: string) => Counts} counts
 *
 * @typedef {Counts & {name: string, elapsedMs: number}} Result
 */

/** Stops a hanging runner, also in the long run. */
const TIMEOUT_MS = 90 * 60_000;

const VITEST = resolve("node_modules/vitest/vitest.mjs");

/**
 * Tests for other versions of Node in the short run: those that use native libraries, files and processes of
 * the host. In the long run they run the short dose of all tests.
 */
const ON_OTHER_NODES = [
  "test/kit/libsql_conformance_test.ts",
  "test/kit/node_sqlite_conformance_test.ts",
  "test/kit/better_sqlite3_conformance_test.ts",
  "test/kit/libsql_process_test.ts",
  "test/kit/witnessed_file_test.ts",
  "test/process/dropped_locks_test.ts",
  "test/cli/output_test.ts",
  "src/adapters/libsql",
  "src/adapters/sqlite_file",
  "src/ports",
];

/** Targets of the conformance kit whose library is the same on every version of Node. */
const SHARED_KITS = ["libsql file"];

/** Targets whose library Node has from 22 on only, or in another build. */
const NEWER_KITS = ["node:sqlite file", "better-sqlite3 file"];

/**
 * Targets whose whole kit another version runs.
 *
 * @param {import("./lib/nodes.mjs").NodeMajor} major
 */
function repeatedKits(major) {
  const isFirstOfNewer = ownMajor() < 22 && major === NODE_MAJORS[0];
  return isFirstOfNewer ? SHARED_KITS : [...SHARED_KITS, ...NEWER_KITS];
}

/**
 * @param {string} name of the runner, and of its project if `projects` does not name others
 * @param {{projects?: string[], node?: string | undefined, paths?: string[], env?: NodeJS.ProcessEnv}}
 * [options]
 * @returns {Runner}
 */
function vitest(name, { projects = [name], node = process.execPath, paths = [], env = {} } = {}) {
  return {
    name,
    command: node,
    args: () => [
      ...[VITEST, "run", ...projects.flatMap((project) => ["--project", project])],
      ...["--reporter=default", "--reporter=./tools/lib/count_reporter.mjs"],
      ...paths,
    ],
    env,
    counts: vitestCounts,
  };
}

/** @param {import("./lib/nodes.mjs").NodeMajor} major @param {boolean} isLong @returns {Runner} */
function otherNode(major, isLong) {
  const node = installedNode(major);
  const paths = isLong ? [] : ON_OTHER_NODES;
  const runner = vitest(`node ${major}`, {
    projects: ["node", "system"],
    node,
    paths,
    env: { HOLDFAST_DOSE: "short", HOLDFAST_REPEATED_KITS: isLong ? "" : repeatedKits(major).join(",") },
  });
  if (node === undefined) runner.skip = `Node ${major} is not installed: npm run nodes`;
  return runner;
}

/** What `npm run test:system` runs, longest first, because two run at a time. @param {boolean} isLong */
function systemRunners(isLong) {
  const others = NODE_MAJORS.filter((major) => major !== ownMajor());
  return [vitest("system"), ...others.map((major) => otherNode(major, isLong))];
}

/** What `npm test` runs, longest first. @returns {Runner[]} */
function mainRunners() {
  return [
    vitest("node"),
    {
      name: "deno",
      command: "deno",
      scratch: true,
      args: (file) => [
        ...["test", "--allow-all", "--no-check", "--no-remote", "--cached-only"],
        `--junit-path=${file}`,
        ...["--config", resolve("deno.json"), resolve("test/runtime/deno")],
      ],
      counts: junitCounts,
    },
    vitest("workerd"),
    {
      name: "bun",
      command: "bun",
      args: (file) => [
        ...["test", "--timeout=60000"],
        ...["--reporter=junit", `--reporter-outfile=${file}`],
        "./test/runtime/bun",
      ],
      counts: junitCounts,
    },
  ];
}

/**
 * @param {Runner} runner
 * @param {string} directory folder of reports
 * @returns {Promise<Result>}
 */
async function runTests(runner, directory) {
  const { name } = runner;
  if (runner.skip !== undefined) {
    const skipped = [{ name: "all its tests", reason: runner.skip }];
    return { name, elapsedMs: 0, passed: 0, failed: [], skipped };
  }
  console.log(`${name}: started`);
  const file = join(directory, name.replaceAll(" ", "-"));
  const { code, output, elapsedMs } = await run(runner.command, runner.args(file), {
    timeoutMs: TIMEOUT_MS,
    env: { HOLDFAST_TEST_REPORT: file, ...runner.env },
    ...(runner.scratch && { cwd: directory }),
  });
  const counts = readCounts(runner, file);
  if (counts.passed + counts.failed.length === 0) {
    counts.failed.push(`no test ran, exit code ${code}`);
  } else if (code !== 0 && counts.failed.length === 0) {
    counts.failed.push(`exit code ${code}`);
  }
  if (counts.failed.length > 0) console.log(output);
  const { passed, failed, skipped } = counts;
  const line = closingLine({ passed, failed: failed.length, skipped: skipped.length });
  console.log(`${name}: ${line} in ${seconds(elapsedMs)}`);
  return { name, elapsedMs, ...counts };
}

/**
 * @param {Runner} runner
 * @param {string} file
 * @returns {Counts}
 */
function readCounts(runner, file) {
  try {
    return runner.counts(readFileSync(file, "utf8"));
  } catch {
    return { passed: 0, failed: [], skipped: [] };
  }
}

/** @param {Result[]} results */
function printTable(results) {
  const row = (/** @type {string[]} */ cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(9) : cell.padStart(9))).join("");
  console.log(`\n${row(["runner", "passed", "failed", "skipped", "time"])}`);
  for (const { name, passed, failed, skipped, elapsedMs } of results) {
    console.log(
      row([name, String(passed), String(failed.length), String(skipped.length), seconds(elapsedMs)]),
    );
  }
}

/** @param {Result[]} results */
function printSkipped(results) {
  const skipped = results.flatMap((result) =>
    result.skipped.map((skip) => ({ runner: result.name, ...skip })),
  );
  if (skipped.length === 0) return;
  console.log("\nskipped:");
  for (const { runner, name, reason } of skipped)
    console.log(`  ${runner}: ${name}${reason === undefined ? "" : ` (${reason})`}`);
}

/** @param {Result[]} results */
function printFailures(results) {
  const lines = failureLines(
    results.flatMap(({ name, failed }) => failed.map((failure) => `${name}: ${failure}`)),
  );
  if (lines.length > 0) console.log(`\n${lines.join("\n")}`);
}

/** @param {Runner[]} runners @returns {Promise<Result[]>} */
async function runAll(runners) {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-test-"));
  const startedAt = performance.now();
  const running = setInterval(() => console.log(`… ${seconds(performance.now() - startedAt)}`), 20_000);
  try {
    return await pool(
      2,
      runners.map((runner) => () => runTests(runner, directory)),
    );
  } finally {
    clearInterval(running);
    rmSync(directory, { recursive: true });
  }
}

async function main() {
  const { values, positionals: wanted } = parseArgs({
    options: {
      long: { type: "boolean", default: false },
      system: { type: "boolean", default: false },
      "refuse-skips": { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  if (values.long) process.env.HOLDFAST_DOSE = "long";
  const [main, system] = [mainRunners(), systemRunners(values.long)];
  const all = [...main, ...system];
  const unknown = wanted.filter((name) => !all.some((runner) => runner.name === name));
  if (unknown.length > 0) throw new RangeError(`run tests: no runner ${unknown.join(", ")}`);
  const unnamed = values.long ? all : values.system ? system : main;
  const runners = wanted.length === 0 ? unnamed : all.filter(({ name }) => wanted.includes(name));

  console.log(`Node ${process.version}, ${process.execPath}`);
  const build = await run("node", ["tools/build.mjs"]);
  if (build.code !== 0) {
    console.log(`build failed\n${build.output}\n0 passed, 1 failed`);
    process.exitCode = 1;
    return;
  }
  const results = await runAll(runners);
  printTable(results);
  printSkipped(results);
  printFailures(results);
  const sum = (/** @type {(result: Result) => number} */ count) =>
    results.reduce((total, result) => total + count(result), 0);
  const skipped = sum((result) => result.skipped.length);
  const refused = values["refuse-skips"] ? skipped : 0;
  if (refused > 0) console.log(`\n${refused} skipped tests count as failed`);
  const total = {
    passed: sum(({ passed }) => passed),
    failed: sum(({ failed }) => failed.length) + refused,
    skipped: skipped - refused,
  };
  console.log(`\n${closingLine(total)}`);
  if (total.failed > 0) process.exitCode = 1;
}

await main();
