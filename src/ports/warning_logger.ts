import type { Clock } from "./clock.ts";
import type { LogFields, Logger, LogLevel } from "./logger.ts";

/** Time between two lines of one message. */
const SILENCE_MS = 60_000;

/** Maximum number of remembered messages. Messages are constants of this package, so there are few. */
const MAX_MESSAGES = 256;

/** Time of a message's last line, and the number of omitted ones since. */
interface Printed {
  readonly atMs: number;
  omitted: number;
}

/**
 * A logger that prints warnings and errors, and at most one line a minute for each message and code. A later
 * line contains the number of omitted ones. `systemHost` creates one for each account without a logger.
 *
 * @param print Prints one line.
 */
export function warningLogger(clock: Clock, print: (line: string) => void): Logger {
  let printed: Map<string, Printed> | undefined;
  return {
    log(level: LogLevel, message: string, fields: LogFields = {}): void {
      if (level !== "warn" && level !== "error") return;
      const key = `${message} ${fields.code ?? ""}`;
      const nowMs = clock.nowMs();
      printed ??= new Map();
      const last = printed.get(key);
      // A clock that was set back must not extend the silence.
      if (last !== undefined && Math.abs(nowMs - last.atMs) < SILENCE_MS) {
        last.omitted += 1;
        return;
      }
      printed.delete(key);
      printed.set(key, { atMs: nowMs, omitted: 0 });
      if (printed.size > MAX_MESSAGES) printed.delete(printed.keys().next().value ?? "");
      print(lineOf(level, message, last?.omitted ? { ...fields, omitted: last.omitted } : fields));
    },
  };
}

function lineOf(level: LogLevel, message: string, fields: LogFields): string {
  const values = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === "string" ? JSON.stringify(value) : value}`);
  return [`holdfast ${level}: ${message}`, ...values].join(" ");
}
