import { afterAll, beforeAll, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { docstringExamples } from "../docstring_examples.mjs";

const before = process.cwd();
const folder = mkdtempSync(join(tmpdir(), "holdfast-examples-"));

// Some open a database by a relative path.
beforeAll(() => process.chdir(folder));
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

for (const { name, url, isRun } of docstringExamples("bun")) {
  if (isRun) test(`example ${name}`, async () => void (await import(url)));
}
