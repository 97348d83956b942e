/**
 * Why: the schemas in src/records/gen, and the runtime's code for the tests, are generated from proto/ and
 * must match it. This check generates them again into a temporary folder and compares. After a change of
 * proto/, run `npm run generate`.
 */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./lib/run.mjs";
import { SCHEMAS, writeMessageSchemas } from "./message_schemas.mjs";

/** Output folder of protoc-gen-es in buf.gen.yaml. */
const RUNTIME_CODE = "test/support/proto";

/**
 * @param {string} folder
 * @returns {Map<string, string>} text by path below the folder
 */
function readTree(folder) {
  const files = new Map();
  if (!existsSync(folder)) return files;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(folder.length + 1), readFileSync(path, "utf8"));
  }
  return files;
}

const directory = mkdtempSync(join(tmpdir(), "holdfast-generated-"));
try {
  // buf places each plugin's `out` below `--output`, so the fresh tree mirrors the committed paths.
  const { code, output } = await run("buf", ["generate", "--output", directory]);
  if (code !== 0) throw new Error(output);
  await writeMessageSchemas(join(directory, SCHEMAS));
  for (const folder of [SCHEMAS, RUNTIME_CODE]) {
    const fresh = readTree(join(directory, folder));
    const committed = readTree(folder);
    const differing = [...new Set([...fresh.keys(), ...committed.keys()])].filter(
      (path) => fresh.get(path) !== committed.get(path),
    );
    if (fresh.size === 0) console.error(`${folder}: nothing was generated`);
    for (const path of differing)
      console.error(`${folder}/${path} differs from what proto/ generates: run npm run generate`);
    if (fresh.size === 0 || differing.length > 0) process.exitCode = 1;
  }
} finally {
  rmSync(directory, { recursive: true });
}
