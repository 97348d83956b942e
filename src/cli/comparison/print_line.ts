import { writeSync } from "node:fs";

const STANDARD_OUTPUT = 1;

/** Prints a line at once: a process that is killed afterwards has printed it. */
export function printLine(line: string): void {
  writeSync(STANDARD_OUTPUT, `${line}\n`);
}
