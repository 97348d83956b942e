/**
 * Why: the page docs/design/reach.md says what a bot's traffic writes and costs. Its tables are what a
 * simulation over the real engine counts (bench/reach), so that they cannot be out of date. `npm run reach`
 * writes them; bench/reach/reach_long_test.ts fails when the page has others.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { importBundled } from "./lib/run_bundled.mjs";

const PAGE = "docs/design/reach.md";
const MARKED = /(<!-- reach -->\n)[\s\S]*?(\n<!-- \/reach -->)/;

const { reachTables } = /** @type {{reachTables: () => Promise<string>}} */ (
  /** @type {unknown} */ (await importBundled("bench/reach/table.ts"))
);
const page = readFileSync(PAGE, "utf8");
if (!MARKED.test(page)) throw new Error(`reach: ${PAGE} has no marks`);
const tables = await reachTables();
writeFileSync(
  PAGE,
  page.replace(MARKED, (_, before, after) => `${before}\n${tables}\n${after}`),
);
process.exit();
