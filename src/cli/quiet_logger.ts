/** The methods of Baileys' logger that are used. */
interface QuietLogger {
  level: string;
  child(): QuietLogger;
  trace(): void;
  debug(): void;
  info(): void;
  warn(): void;
  error(): void;
}

/** A logger for Baileys that prints nothing. */
export const quietLogger: QuietLogger = {
  level: "silent",
  child: () => quietLogger,
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
};
