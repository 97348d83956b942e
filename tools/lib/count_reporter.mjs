/**
 * A reporter for vitest: writes how many tests passed and failed, and which were skipped and why, to the file
 * that `HOLDFAST_TEST_REPORT` names. Vitest's own JSON has no reasons, and passes over what fails outside of
 * tests.
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
      // Errors of a file and of its suites: an import, a hook.
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
