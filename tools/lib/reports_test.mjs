import { expect, test } from "vitest";
import { closingLine, junitCounts, vitestCounts } from "./reports.mjs";

test("a JUnit report is counted by its test cases", () => {
  const report = `<?xml version="1.0"?>
    <testsuites><testsuite name="a.ts" tests="5">
      <testcase name="one" time="0.001"/>
      <testcase name="two &lt;/testcase&gt;" time="0.001"></testcase>
      <testcase name="three" time="0"><failure message="no">at a.ts</failure></testcase>
      <testcase name="four"><error type="x"/></testcase>
      <testcase name="five"><skipped/></testcase>
    </testsuite></testsuites>`;
  expect(junitCounts(report)).toEqual({ passed: 2, failed: 2, skipped: 1 });
});

test("an empty JUnit report counts nothing", () => {
  expect(junitCounts("<testsuites tests='0'></testsuites>")).toEqual({ passed: 0, failed: 0, skipped: 0 });
});

test("a vitest report is counted by its totals", () => {
  const report = { numPassedTests: 3, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1 };
  expect(vitestCounts(JSON.stringify(report))).toEqual({ passed: 3, failed: 1, skipped: 3 });
});

test("the closing line names skipped tests only when there are some", () => {
  expect(closingLine({ passed: 3, failed: 0, skipped: 0 })).toBe("3 passed, 0 failed");
  expect(closingLine({ passed: 3, failed: 1, skipped: 2 })).toBe("3 passed, 1 failed, 2 skipped");
});
