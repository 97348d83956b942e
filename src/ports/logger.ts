/** Levels in ascending severity. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Values of a log entry. Bytes are excluded on purpose, because secrets are bytes. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * A structured logger, which must not throw. Callers never pass keys, tokens, records or message contents.
 */
export interface Logger {
  /** Takes one entry. `message` reads `action: state`; what varies is in `fields`. */
  log(level: LogLevel, message: string, fields?: LogFields): void;
}

/** A logger that discards every entry. */
export const silentLogger: Logger = { log(): void {} };
