import { describe, expect, test } from "vitest";
import { warningLogger } from "./warning_logger.ts";

function logged() {
  const lines: string[] = [];
  const clock = { now: 1_000_000, nowMs: () => clock.now };
  return { lines, clock, logger: warningLogger(clock, (line) => void lines.push(line)) };
}

describe("warningLogger", () => {
  test("prints warnings and errors with their fields", () => {
    const { lines, logger } = logged();
    logger.log("debug", "read: done");
    logger.log("info", "open: done");
    logger.log("warn", "commit: failed", {
      code: "busy",
      error: 'the "disk" is full\n',
      tries: 3,
      of: undefined,
    });
    logger.log("error", "close: failed");
    expect(lines).toEqual([
      'holdfast warn: commit: failed code="busy" error="the \\"disk\\" is full\\n" tries=3',
      "holdfast error: close: failed",
    ]);
  });

  test("prints one line a minute per message and code, with a count", () => {
    const { lines, logger, clock } = logged();
    for (let second = 0; second <= 120; second += 1) {
      logger.log("warn", "commit: failed", { code: "busy" });
      clock.now += 1_000;
    }
    logger.log("warn", "commit: failed", { code: "fenced" });
    expect(lines).toEqual([
      'holdfast warn: commit: failed code="busy"',
      'holdfast warn: commit: failed code="busy" omitted=59',
      'holdfast warn: commit: failed code="busy" omitted=59',
      'holdfast warn: commit: failed code="fenced"',
    ]);
  });

  test("prints again after the clock was set back", () => {
    const { lines, logger, clock } = logged();
    logger.log("warn", "commit: failed");
    clock.now -= 3_600_000;
    logger.log("warn", "commit: failed");
    expect(lines).toHaveLength(2);
  });
});
