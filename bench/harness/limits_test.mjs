import { describe, expect, test } from "vitest";
import { CI_TOLERANCE, describeLimit, isMissed } from "./limits.mjs";

/**
 * @param {"count" | "ratio"} kind
 * @param {number} value
 * @param {import("./entry.ts").Limit} limit
 */
function result(kind, value, limit) {
  return { kind, value, limit, unit: "ratio" };
}

describe("isMissed", () => {
  test("is false at the limit and without one", () => {
    expect(isMissed(result("count", 22, { max: 22 }))).toBe(false);
    expect(isMissed(result("ratio", 1.5, { min: 1.5 }))).toBe(false);
    expect(isMissed({ kind: "figure", value: 9, unit: "ratio" })).toBe(false);
  });

  test("is true beyond the limit", () => {
    expect(isMissed(result("count", 23, { max: 22 }))).toBe(true);
    expect(isMissed(result("ratio", 1.49, { min: 1.5 }))).toBe(true);
  });

  test("allows a ratio the tolerance, and a count none", () => {
    const options = { tolerance: CI_TOLERANCE };
    expect(isMissed(result("ratio", 1.49, { max: 1 }), options)).toBe(false);
    expect(isMissed(result("ratio", 1.51, { max: 1 }), options)).toBe(true);
    expect(isMissed(result("ratio", 1.01, { min: 1.5 }), options)).toBe(false);
    expect(isMissed(result("ratio", 0.99, { min: 1.5 }), options)).toBe(true);
    expect(isMissed(result("count", 23, { max: 22 }), options)).toBe(true);
  });
});

describe("describeLimit", () => {
  test("names the direction of the limit", () => {
    expect(describeLimit(result("ratio", 1, { max: 1.2 }))).toBe("≤ 1.2");
    expect(describeLimit(result("ratio", 1, { min: 1.2 }))).toBe("≥ 1.2");
    expect(describeLimit({ kind: "figure", value: 1, unit: "ms" })).toBe("");
  });
});
