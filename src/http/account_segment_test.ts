import { describe, expect, test } from "vitest";
import { accountOfSegment } from "./account_segment.ts";

describe("accountOfSegment", () => {
  test("decodes a segment exactly once", () => {
    expect(accountOfSegment("Zo%C3%AB%20%2F%20%2541")).toBe("Zoë / %41");
  });

  test.each(["", "%", "%E0%A4%A", "%00", ".", "..", "%2E%2E", "a%ZZ", "a".repeat(1_025)])(
    "returns undefined for %j",
    (segment) => expect(accountOfSegment(segment)).toBeUndefined(),
  );
});
