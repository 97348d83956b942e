/**
 * The comparison of `npm start`: a kill over Baileys' own files repeats keys, and one over Holdfast does not.
 * Runs the built program.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const PROGRAM = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));

/** The two numbers of a row. */
function numbersOf(output: string, row: string): [files: number, holdfast: number] {
  const found = new RegExp(`${row} +([\\d,.]+) +([\\d,.]+)`).exec(output);
  if (found === null) throw new Error(`no row ${row} in:\n${output}`);
  const [, files = "", holdfast = ""] = found;
  return [Number(files.replaceAll(",", "")), Number(holdfast.replaceAll(",", ""))];
}

describe("npm start --only comparison", () => {
  test("sees repeated keys and lost messages over files alone", async () => {
    expect(existsSync(PROGRAM), "npm run build comes first").toBe(true);
    const args = [PROGRAM, "--only", "comparison", "--messages", "120"];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(numbersOf(stdout, "messages sent")).toEqual([120, 120]);
    const [repeated, ourRepeated] = numbersOf(stdout, "keys used for two messages");
    expect(repeated).toBeGreaterThan(0);
    expect(ourRepeated).toBe(0);
    const [lost, ourLost] = numbersOf(stdout, "messages lost");
    expect(lost).toBeGreaterThan(0);
    expect(ourLost).toBe(0);
    const [files, rows] = numbersOf(stdout, "files or rows written");
    expect(files).toBeGreaterThanOrEqual(60);
    expect(rows).toBeLessThan(files);
  });
});
