/**
 * Why: a test that runs a line need not notice when the line is wrong. StrykerJS changes the code of
 * `tools/lib/mutation_set.mjs` in one place at a time, and counts the changes (mutants) that a test notices.
 *
 * ```
 * npm run mutation                          # the whole set
 * npm run mutation -- src/cache/keyed_lock.ts
 * npm run mutation -- --changed             # files that differ from origin/main, or else from main
 * npm run mutation -- --changed --base HEAD~3
 * npm run mutation -- --again               # only mutants whose code or tests changed since the run before
 * ```
 *
 * Fails when less than 85 % are killed. docs/design/mutation.md lists those that survive, with reasons.
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { killedOf, scoreTable } from "./lib/mutation_score.mjs";
import { selectParts } from "./lib/mutation_set.mjs";
import { seconds } from "./lib/run.mjs";

/** Least share of killed mutants, in percent. */
const LEAST_SCORE = 85;

const SCRATCH = ".stryker-tmp";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    changed: { type: "boolean", default: false },
    base: { type: "string" },
    again: { type: "boolean", default: false },
  },
});

/** @param {string[]} args */
const git = (...args) => execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

/** @param {string} ref */
function exists(ref) {
  try {
    git("rev-parse", "--verify", `${ref}^{commit}`);
    return true;
  } catch {
    return false;
  }
}

/** The files that differ from the last common commit with the base, also in the working tree. */
function changedFiles() {
  const base = values.base ?? (exists("origin/main") ? "origin/main" : "main");
  if (!exists(base)) throw new Error(`mutation: there is no commit ${base}; pass --base`);
  return new Set(
    git("diff", "--name-only", "--no-renames", git("merge-base", base, "HEAD").trim()).split("\n"),
  );
}

/**
 * Runs StrykerJS over a part and returns its mutants.
 *
 * @param {import("./lib/mutation_set.mjs").MutationPart} part
 * @returns {import("./lib/mutation_score.mjs").JudgedMutant[]}
 */
function runPart({ name, files, tests }) {
  console.log(`\n── ${name}`);
  const report = `${SCRATCH}/${name}.report.json`;
  const config = {
    mutate: files,
    testFiles: tests,
    testRunner: "vitest",
    plugins: ["@stryker-mutator/vitest-runner"],
    vitest: { configFile: "vitest.mutation.config.mjs" },
    coverageAnalysis: "perTest",
    // A mutant takes as long as its tests, which wait for nothing: a second process would only slow both.
    concurrency: 1,
    timeoutMS: 10_000,
    incremental: values.again,
    incrementalFile: `${SCRATCH}/${name}.json`,
    tempDirName: `${SCRATCH}/${name}`,
    // What the tests need: all else would only be copied.
    ignorePatterns: ["**", "!src/**", "!test/support/**", "!tsconfig*.json", "!*.mjs", "!package.json"],
    // A string is the text of an error or of a log, which tests need not repeat, or a member of a closed union,
    // of which the types check the spelling.
    mutator: { excludedMutations: ["StringLiteral"] },
    // Constants of modules: the runner does not put such a mutant in place before the tests import it. Most are
    // limits, which docs/design/limits.md lists.
    ignoreStatic: true,
    reporters: ["clear-text", "progress-append-only", "json"],
    jsonReporter: { fileName: report },
    clearTextReporter: {
      allowColor: process.stdout.isTTY === true,
      logTests: false,
      reportTests: false,
      reportScoreTable: false,
    },
    thresholds: { high: 100, low: LEAST_SCORE, break: null },
  };
  mkdirSync(SCRATCH, { recursive: true });
  writeFileSync(`${SCRATCH}/${name}.config.json`, JSON.stringify(config));
  execFileSync("npx", ["stryker", "run", `${SCRATCH}/${name}.config.json`], { stdio: "inherit" });
  const { files: judged } = JSON.parse(readFileSync(report, "utf8"));
  return files.flatMap((fileName) =>
    judged[fileName].mutants.map((/** @type {{status: string}} */ { status }) => ({ fileName, status })),
  );
}

const named = new Set(positionals);
const changed = values.changed ? changedFiles() : undefined;
const parts = selectParts((file) => (named.size === 0 || named.has(file)) && changed?.has(file) !== false);
if (parts.length === 0) {
  if (!values.changed) throw new Error("mutation: no file of the set is named");
  console.log("mutation: no file of the set has changed");
} else {
  const startedAt = performance.now();
  const results = [];
  for (const part of parts) results.push(...runPart(part));
  console.log(`\n${scoreTable(results)}\n\n${seconds(performance.now() - startedAt)}`);
  const { percent } = killedOf(results);
  if (percent < LEAST_SCORE) {
    console.error(`mutation: less than ${LEAST_SCORE} % of the mutants are killed`);
    process.exitCode = 1;
  }
}
