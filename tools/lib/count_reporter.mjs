/**
 * A reporter for vitest: writes the count of passed tests, what failed, and the skipped tests with reasons, to
 * the file of `HOLDFAST_TEST_REPORT`. Vitest's own JSON lacks reasons and failures outside of tests.
 */

import { writeFileSync } from "node:fs";

/** @typedef {import("./reports.mjs").Counts} Counts */

export default class CountReporter {
  /**
   * @param {ReadonlyArray<import("vitest/node").TestModule>} modules
   * @param {ReadonlyArray<{message?: string}>} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    /** @type {Counts} */
    const counts = { passed: 0, failed: [], skipped: [] };
    for (const error of unhandledErrors) counts.failed.push(`outside of tests: ${firstLine(error)}`);
    for (const module of modules) {
      // Errors of a file and its suites, such as an import or a hook.
      for (const collection of [module, ...module.children.allSuites()])
        for (const error of collection.errors())
          counts.failed.push(`${module.relativeModuleId}: ${firstLine(error)}`);
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed") counts.passed++;
        else {
          const name = `${module.relativeModuleId}: ${test.fullName}`;
          if (result.state === "failed") counts.failed.push(`${name}: ${firstLine(result.errors[0])}`);
          else counts.skipped.push({ name, reason: noteOf(result) });
        }
      }
    }
    const path = process.env.HOLDFAST_TEST_REPORT;
    if (path !== undefined) writeFileSync(path, JSON.stringify(counts));
  }
}

/** @param {{message?: string} | undefined} error */
function firstLine(error) {
  return (error?.message ?? String(error)).split("\n", 1)[0];
}

/** @param {import("vitest/node").TestResult} result */
function noteOf(result) {
  return result.state === "skipped" ? result.note : undefined;
}
