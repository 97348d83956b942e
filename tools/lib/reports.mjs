/** Reading how many tests ran from the reports that test runners write. */

/** @typedef {{passed: number, failed: number, skipped: number}} Counts */

/**
 * @param {string} text what vitest's `json` reporter writes
 * @returns {Counts}
 */
export function vitestCounts(text) {
  const report = JSON.parse(text);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/**
 * @param {string} text JUnit XML: one `testcase` element per test, with a `failure`, `error` or `skipped` child unless it passed
 * @returns {Counts}
 */
export function junitCounts(text) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const match of text.matchAll(/<testcase\b[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const body = match[1] ?? "";
    if (/<(failure|error)\b/.test(body)) counts.failed++;
    else if (/<skipped\b/.test(body)) counts.skipped++;
    else counts.passed++;
  }
  return counts;
}

/**
 * The line that ends a run, in the form that any log reader knows.
 *
 * @param {Counts} counts
 */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
