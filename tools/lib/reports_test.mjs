import { describe, expect, test } from "vitest";
import { closingLine, failureLines, isFailureLine, junitCounts, parseClosingLine } from "./reports.mjs";

describe("junitCounts", () => {
  test("counts test cases, and names those that failed and those that were skipped", () => {
    const report = `<?xml version="1.0"?>
      <testsuites><testsuite name="a.ts" tests="5">
        <testcase name="one" time="0.001"/>
        <testcase name="two &lt;/testcase&gt;" time="0.001"></testcase>
        <testcase name="three" time="0"><failure message="no">at a.ts</failure></testcase>
        <testcase name="four"><error type="x"/></testcase>
        <testcase classname="a" name="five"><skipped/></testcase>
      </testsuite></testsuites>`;
    expect(junitCounts(report)).toEqual({
      passed: 2,
      failed: ["three", "four"],
      skipped: [{ name: "five" }],
    });
  });

  test("counts nothing in an empty report", () => {
    expect(junitCounts("<testsuites tests='0'></testsuites>")).toEqual({
      passed: 0,
      failed: [],
      skipped: [],
    });
  });
});

describe("failureLines", () => {
  test("joins equal failures", () => {
    expect(failureLines(["a", "b", "a"])).toEqual(["failed  a (2 times)", "failed  b"]);
  });

  test("names fifty of many", () => {
    const lines = failureLines(Array.from({ length: 60 }, (_, i) => `test ${i}`));
    expect(lines).toHaveLength(51);
    expect(lines.at(-1)).toBe("failed  and 10 others");
    expect(lines.every(isFailureLine)).toBe(true);
  });
});

describe("closingLine", () => {
  test("names skipped tests only if there are any", () => {
    expect(closingLine({ passed: 3, failed: 0, skipped: 0 })).toBe("3 passed, 0 failed");
    expect(closingLine({ passed: 3, failed: 1, skipped: 2 })).toBe("3 passed, 1 failed, 2 skipped");
  });
});

describe("parseClosingLine", () => {
  test("reads only lines of closingLine", () => {
    for (const counts of [
      { passed: 3, failed: 0, skipped: 0 },
      { passed: 30, failed: 1, skipped: 2 },
    ])
      expect(parseClosingLine(closingLine(counts))).toEqual(counts);
    expect(parseClosingLine("node: 3 passed, 0 failed in 2.0 s")).toBeUndefined();
  });
});
