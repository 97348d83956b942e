/** Reads counts from the reports of test runners. */

/**
 * @typedef {object} Skip
 * @property {string} name
 * @property {string | undefined} [reason]
 *
 * @typedef {object} Counts
 * @property {number} passed
 * @property {string[]} failed names of tests, with the first line of a message where the report has one
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
  const counts = { passed: 0, failed: [], skipped: [] };
  for (const match of text.matchAll(/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const [, attributes = "", body = ""] = match;
    const name = / name="([^"]*)"/.exec(` ${attributes}`)?.[1] ?? "a test";
    if (/<(failure|error)\b/.test(body)) counts.failed.push(name);
    else if (/<skipped\b/.test(body)) counts.skipped.push({ name });
    else counts.passed++;
  }
  return counts;
}

/** How many failures a run names. */
const NAMED_FAILURES = 50;

/** What begins the line of a failure. */
const FAILED = "failed  ";

/**
 * Lines that name failures. Equal ones are joined, since one fault can end thousands of calls.
 *
 * @param {readonly string[]} failures
 * @returns {string[]}
 */
export function failureLines(failures) {
  /** @type {Map<string, number>} */
  const times = new Map();
  for (const failure of failures) times.set(failure, (times.get(failure) ?? 0) + 1);
  const lines = [...times].map(
    ([failure, count]) => `${FAILED}${failure}${count > 1 ? ` (${count} times)` : ""}`,
  );
  const rest = lines.length - NAMED_FAILURES;
  return rest > 0 ? [...lines.slice(0, NAMED_FAILURES), `${FAILED}and ${rest} others`] : lines;
}

/** Whether a line is one that names a failure. @param {string} line */
export function isFailureLine(line) {
  return line.startsWith(FAILED);
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
