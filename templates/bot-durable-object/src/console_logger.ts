/**
 * A logger for Baileys that prints the texts of warnings and errors. It omits the objects, which may contain
 * keys.
 */
export const consoleLogger = {
  level: "warn",
  child: () => consoleLogger,
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: (fields: unknown, text?: string) => console.warn(textOf(fields, text)),
  error: (fields: unknown, text?: string) => console.error(textOf(fields, text)),
};

function textOf(fields: unknown, text: string | undefined): string {
  return text ?? (typeof fields === "string" ? fields : "Baileys: a message without a text");
}
