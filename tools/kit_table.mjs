/**
 * Why: the table of the README that says where the conformance kit runs is made from what the tests register
 * (test/kit/kit_runs.mjs), so that it cannot be out of date. `node tools/kit_table.mjs` writes it, a part of
 * `npm run fix`; test/kit/kit_runs_test.ts fails when the README has another one.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { kitTable } from "../test/kit/kit_runs.mjs";

const TABLE = /^\| backend \| Node \|.*(?:\n\|.*)*/m;

const readme = readFileSync("README.md", "utf8");
if (!TABLE.test(readme)) throw new Error("write kit table: README.md has none");
writeFileSync("README.md", readme.replace(TABLE, kitTable()));
