/**
 * A reporter for vitest: writes the counts of passed and failed tests, and the skipped tests with reasons, to
 * the file of `HOLDFAST_TEST_REPORT`. Vitest's own JSON lacks reasons and failures outside of tests.
 */

import { writeFileSync } from "node:fs";

/** @typedef {import("./reports.mjs").Counts} Counts */

export default class CountReporter {
  /**
   * @param {ReadonlyArray<import("vitest/node").TestModule>} modules
   * @param {ReadonlyArray<unknown>} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    /** @type {Counts} */
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: [] };
    for (const module of modules) {
      // Errors of a file and its suites, such as an import or a hook.
      for (const collection of [module, ...module.children.allSuites()])
        counts.failed += collection.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed") counts.passed++;
        else if (result.state === "failed") counts.failed++;
        else
          counts.skipped.push({
            name: `${module.relativeModuleId}: ${test.fullName}`,
            reason: noteOf(result),
          });
      }
    }
    const path = process.env.HOLDFAST_TEST_REPORT;
    if (path !== undefined) writeFileSync(path, JSON.stringify(counts));
  }
}

/** @param {import("vitest/node").TestResult} result */
function noteOf(result) {
  return result.state === "skipped" ? result.note : undefined;
}
