import type { Logger } from "../ports/mod.ts";

/** Logs one line of JSON per entry on the console, which the platform collects. */
export const consoleLogger: Logger = {
  log(level, message, fields): void {
    console.log(JSON.stringify({ level, message, ...fields }));
  },
};
