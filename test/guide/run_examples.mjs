/**
 * Runs examples of the documentation, each in a folder of its own, on Node, Bun or Deno: `run_examples.mjs
 * <fixtures> <file…>`. It prints a line of JSON for each. An example finds the files of the folder of fixtures that
 * has its name. A Worker's example answers one request.
 */

import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const [fixtures = "", ...files] = process.argv.slice(2);
const print = console.log;
console.log = () => {};

/** Errors that no promise of the example's had. @type {unknown[]} */
const strays = [];
process.on("unhandledRejection", (error) => strays.push(error));

/** @param {string} file */
async function runExample(file) {
  const module = await import(pathToFileURL(file).href);
  if (typeof module.default?.fetch === "function") {
    const env = { DATABASE_URL: "file:worker.db", DATABASE_TOKEN: "unused" };
    const answer = await module.default.fetch(new Request("https://example.com/"), env);
    if (answer.status !== 200) throw new Error(`it answers ${answer.status}`);
  }
  await new Promise((resolve) => setTimeout(resolve, 0));
  const [stray] = strays.splice(0);
  if (stray !== undefined) throw stray;
}

for (const file of files) {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-example-"));
  const fixture = join(fixtures, basename(file, ".mjs"));
  if (existsSync(fixture)) cpSync(fixture, folder, { recursive: true });
  process.chdir(folder);
  /** @type {string | undefined} */
  let error;
  try {
    await runExample(file);
  } catch (thrown) {
    error = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  }
  print(JSON.stringify({ file, error }));
  process.chdir(tmpdir());
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
