/** The output of `npm start`. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

const PROGRAM = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const CONVERSATION = [PROGRAM, "--only", "conversation"];
const folder = mkdtempSync(join(tmpdir(), "holdfast-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("npm start output", () => {
  test("ends without a stack trace when the reader closes the pipe", async () => {
    const args = [...CONVERSATION, "--messages", "20", "--db", `file:${join(folder, "head.db")}`];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.once("data", () => child.stdout.destroy());
    let complaint = "";
    child.stderr.on("data", (chunk) => {
      complaint += chunk;
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(complaint).toBe("");
    expect(code).toBe(1);
  });

  test("measures a file with spaces, percent signs and other scripts", async () => {
    const args = [...CONVERSATION, "--messages", "2", "--db", `file:${join(folder, "a b ü %41.db")}`];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(0);
    expect(output).toMatch(/a b ü %41\.db, [0-9.]+ KiB/);
  });
});
