import type { LogFields, Logger } from "@holdfast/store";
import type { UserFacingSocketConfig } from "baileys";

/** Baileys' type of logger. */
export type BaileysLogger = NonNullable<UserFacingSocketConfig["logger"]>;

/** Prints a line. */
export function say(name: string, text: string): void {
  const time = new Date().toISOString().slice(11, 19);
  console.log(`${time} ${name.padEnd(8)} ${text}`);
}

/** The log of Holdfast. Its entries have no keys in them. */
export function holdfastLogger(name: string): Logger {
  return {
    log(level, message, fields: LogFields = {}): void {
      if (level === "debug") return;
      const details = Object.entries(fields).map(([field, value]) => `${field}=${String(value)}`);
      say(name, [level.toUpperCase(), message, ...details].join(" "));
    },
  };
}

/**
 * The log of Baileys: warnings and errors, without the objects that come with them, since those may have keys
 * and messages in them.
 */
export function baileysLogger(name: string): BaileysLogger {
  const drop = (): void => undefined;
  const print =
    (level: string) =>
    (subject: unknown, text?: string): void =>
      say(name, `${level} baileys: ${text ?? (typeof subject === "string" ? subject : "(no text)")}`);
  const logger: BaileysLogger = {
    level: "warn",
    child: () => logger,
    trace: drop,
    debug: drop,
    info: drop,
    warn: print("WARN"),
    error: print("ERROR"),
  };
  return logger;
}

/** Why a connection was closed: the status of its error. */
export function statusOf(error: unknown): number | undefined {
  const { output } = (error ?? {}) as { output?: { statusCode?: unknown } };
  return typeof output?.statusCode === "number" ? output.statusCode : undefined;
}
