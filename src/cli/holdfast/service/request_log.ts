import type { Logger } from "../../../ports/mod.ts";

/** Levels of a log, the least severe first. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** The least severe level that is logged. */
export type LeastLevel = (typeof LOG_LEVELS)[number];

/**
 * Prints a line of JSON for each entry of this level or a more severe one. At `info`, each request has one:
 * its id, method, route, status and time. No entry has a token, the name of an account or a query.
 */
export function lineLogger(
  print: (text: string) => void,
  least: LeastLevel,
  nowMs: () => number = Date.now,
): Logger {
  return {
    log(level, message, fields): void {
      if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least)) return;
      const time = new Date(nowMs()).toISOString();
      print(`${JSON.stringify({ time, level, message, ...fields })}\n`);
    },
  };
}
