/**
 * Why: the record types in src/records/gen are generated from proto/, and nothing else keeps the two in step. This generates them
 * again into a temporary folder and compares. After a change of proto/, run `npm run generate`.
 */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./lib/run.mjs";
import { GENERATED, writePlainDescriptors } from "./plain_descriptors.mjs";

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
  const folder = join(directory, GENERATED);
  if (code === 0 && existsSync(folder)) writePlainDescriptors(folder);
  const fresh = readTree(folder);
  const committed = readTree(GENERATED);
  const differing = [...new Set([...fresh.keys(), ...committed.keys()])].filter(
    (path) => fresh.get(path) !== committed.get(path),
  );
  if (code !== 0) console.error(output);
  else if (fresh.size === 0) console.error("buf generated nothing");
  for (const path of differing)
    console.error(`${GENERATED}/${path} differs from what proto/ generates: run npm run generate`);
  if (code !== 0 || fresh.size === 0 || differing.length > 0) process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true });
}
