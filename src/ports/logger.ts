/** Levels in rising order of weight. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Values that a log entry may carry. Bytes are left out on purpose: secrets are bytes. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** A structured logger. Callers never pass keys, tokens, records or message contents. It must not throw. */
export interface Logger {
  log(level: LogLevel, message: string, fields?: LogFields): void;
}

/** A logger that drops everything. */
export const silentLogger: Logger = { log(): void {} };
