/**
 * Why: one local command runs everything that CI runs besides the tests and the benchmarks, so that a failure
 * of CI can be reproduced locally. `npm run check` runs every check and prints failures;
 * `npm run check -- layers lint` runs the named ones. The last line is `N passed, N failed`.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installNodeForWrangler } from "./lib/nodes.mjs";
import { closingLine } from "./lib/reports.mjs";
import { pool, run, seconds } from "./lib/run.mjs";
import { documentedFiles } from "./lib/sources.mjs";

/**
 * @typedef {object} Check
 * @property {string} name
 * @property {[command: string, args: string[]][]} steps
 * @property {boolean} [prints] Whether the output is printed of a check that passes, too.
 */

/** @param {string} project @returns {[string, string[]]} */
const tsc = (project) => ["tsc", ["--noEmit", "-p", project]];

const documented = documentedFiles();

const scratch = mkdtempSync(join(tmpdir(), "holdfast-check-"));
process.on("exit", () => rmSync(scratch, { recursive: true }));

const { name: packageName, version } = JSON.parse(readFileSync("package.json", "utf8"));
/** The file of `npm pack`. */
const tarball = join(scratch, `${packageName.slice(1).replace("/", "-")}-${version}.tgz`);

/** @type {Check[]} */
const CHECKS = [
  {
    name: "lint",
    steps: [
      ["biome", ["check", "--error-on-warnings", `--colors=${process.stdout.isTTY ? "force" : "off"}`]],
    ],
  },
  { name: "types", steps: [tsc("tsconfig.json"), tsc("tsconfig.tools.json"), tsc("console")] },
  { name: "types of host-free code", steps: [tsc("tsconfig.core.json"), tsc("tsconfig.adapters.json")] },
  {
    name: "types of the runtimes' tests",
    steps: [
      tsc("test/runtime/workerd"),
      tsc("test/runtime/bun"),
      ["deno", ["check", "--no-remote", "test/runtime/deno"]],
    ],
  },
  { name: "layers", steps: [["node", ["tools/check_layers.mjs"]]] },
  { name: "calls on files", steps: [["node", ["tools/check_file_calls.mjs"]]] },
  { name: "doors", steps: [["node", ["tools/check_doors.mjs"]]] },
  { name: "API report", steps: [["node", ["tools/api_report.mjs"]]] },
  { name: "sizes", steps: [["node", ["tools/check_sizes.mjs"]]], prints: true },
  { name: "manifests", steps: [["node", ["tools/check_manifests.mjs"]]] },
  { name: "lockfile", steps: [["node", ["tools/check_lock.mjs"]]] },
  {
    name: "generated code",
    steps: [
      ["buf", ["lint"]],
      ["node", ["tools/check_generated.mjs"]],
    ],
  },
  {
    name: "examples in documentation",
    steps: [["deno", ["check", "--no-remote", "--doc-only", ...documented.sources, ...documented.pages]]],
  },
  // Links between pages and to their headings, in every Markdown file.
  {
    name: "links",
    steps: [["remark", ["--frail", "--quiet", ...documented.linked]]],
  },
  // Fails at a dead link too. `npm run docs` adds the reference, which takes longer.
  { name: "documentation site", steps: [["node", ["tools/site.mjs", "--no-api"]]] },
  { name: "unused code", steps: [["knip", []]] },
  {
    name: "npm package",
    steps: [
      ["npm", ["pack", "--pack-destination", scratch]],
      ["publint", [tarball, "--strict"]],
      ["attw", [tarball, "--profile", "esm-only"]],
    ],
  },
  // Bundles the Worker and checks its configuration. It deploys nothing.
  {
    name: "Worker deployment",
    steps: [
      ["node", ["tools/build.mjs", "--console"]],
      ["wrangler", ["deploy", "--dry-run", "--outdir", join(scratch, "worker")]],
    ],
  },
  { name: "JSR package", steps: [["node", ["tools/check_jsr.mjs"]]], prints: true },
];

/**
 * Wrangler needs a newer Node than the oldest supported one: installs one if needed.
 *
 * @param {string} command
 * @param {string[]} args
 */
async function runStep(command, args) {
  if (command !== "wrangler") return await run(command, args);
  return await run(await installNodeForWrangler(), ["node_modules/wrangler/bin/wrangler.js", ...args]);
}

/** @param {Check} check */
async function runCheck({ name, steps, prints = false }) {
  let elapsedMs = 0;
  let printed = "";
  for (const [command, args] of steps) {
    const outcome = await runStep(command, args);
    elapsedMs += outcome.elapsedMs;
    if (prints) printed += outcome.output;
    if (outcome.code !== 0) {
      console.log(`failed  ${name}: ${command} ${args.join(" ")}\n${outcome.output}`);
      return false;
    }
  }
  console.log(`ok      ${name} (${seconds(elapsedMs)})\n${printed}`.trimEnd());
  return true;
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !CHECKS.some((check) => check.name === name));
if (unknown.length > 0)
  throw new RangeError(
    `check: no check ${unknown.join(", ")}; there are ${CHECKS.map(({ name }) => name).join(", ")}`,
  );
const checks = CHECKS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const results = await pool(
  2,
  checks.map((check) => () => runCheck(check)),
);
const failed = results.filter((ok) => !ok).length;
console.log(`\n${closingLine({ passed: results.length - failed, failed, skipped: 0 })}`);
if (failed > 0) process.exitCode = 1;
