/** Reads counts from the reports of test runners. */

/**
 * @typedef {object} Skip
 * @property {string} name
 * @property {string | undefined} [reason]
 *
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {Skip[]} skipped
 */

/**
 * @param {string} text the output of count_reporter.mjs
 * @returns {Counts}
 */
export function vitestCounts(text) {
  return JSON.parse(text);
}

/**
 * @param {string} text JUnit XML: one `testcase` element per test, with a `failure`, `error` or `skipped`
 * child unless it passed
 * @returns {Counts}
 */
export function junitCounts(text) {
  /** @type {Counts} */
  const counts = { passed: 0, failed: 0, skipped: [] };
  for (const match of text.matchAll(/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const [, attributes = "", body = ""] = match;
    if (/<(failure|error)\b/.test(body)) counts.failed++;
    else if (/<skipped\b/.test(body))
      counts.skipped.push({ name: / name="([^"]*)"/.exec(` ${attributes}`)?.[1] ?? "a test" });
    else counts.passed++;
  }
  return counts;
}

/**
 * The last line of a run, in a common form.
 *
 * @param {{passed: number, failed: number, skipped: number}} counts
 */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/**
 * @param {string} line
 * @returns {{passed: number, failed: number, skipped: number} | undefined} The counts when this is a closing
 * line.
 */
export function parseClosingLine(line) {
  const match = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(line);
  if (match === null) return undefined;
  const [passed, failed, skipped] = match.slice(1).map((digits) => Number(digits ?? 0));
  return { passed: passed ?? 0, failed: failed ?? 0, skipped: skipped ?? 0 };
}
