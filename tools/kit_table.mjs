/**
 * Why: the tables of the README and of docs/guide/drivers.md that say where the conformance kit runs are made
 * from what the tests register (test/kit/kit_runs.mjs), so that they cannot be out of date. `node
 * tools/kit_table.mjs` writes them, a part of `npm run fix`; test/kit/kit_runs_test.ts fails when a page has
 * another one.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { backendTable, kitTable } from "../test/kit/kit_runs.mjs";

const TABLE = /^\| backend \| Node \|.*(?:\n\|.*)*/m;

for (const [path, table] of Object.entries({
  "README.md": backendTable(),
  "docs/guide/drivers.md": kitTable(),
})) {
  const page = readFileSync(path, "utf8");
  if (!TABLE.test(page)) throw new Error(`write kit table: ${path} has none`);
  writeFileSync(path, page.replace(TABLE, table));
}
