import { describe, expect, test } from "vitest";
import { lineLogger } from "./request_log.ts";

describe("lineLogger", () => {
  test("prints a line of JSON for each entry of its level and above", () => {
    const lines: string[] = [];
    const logger = lineLogger(
      (line) => lines.push(line),
      "info",
      () => 0,
    );
    logger.log("debug", "left out");
    logger.log("info", "http: answered", { route: "/v1/health", status: 200 });
    logger.log("error", "http: failed");
    const time = "1970-01-01T00:00:00.000Z";
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { time, level: "info", message: "http: answered", route: "/v1/health", status: 200 },
      { time, level: "error", message: "http: failed" },
    ]);
    expect(lines.every((line) => line.endsWith("}\n"))).toBe(true);
  });
});
