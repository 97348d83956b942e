/**
 * Why: three manifests describe one package (npm, JSR, Deno), and `deno publish` reads deno.json without a word when jsr.json differs.
 * Name, version, licence and subpaths are equal in all three, each subpath's file exists, and each folder of src that is meant to
 * be imported has its subpath.
 */

import { existsSync, readFileSync } from "node:fs";

/** @param {string} path */
const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));

/** @type {string[]} */
const problems = [];

/**
 * @param {string} label
 * @param {unknown} actual
 * @param {unknown} expected
 */
function expectEqual(label, actual, expected) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) problems.push(`${label}: ${a} where package.json says ${b}`);
}

const npm = readJson("package.json");
/** @type {Record<string, string>} */
const sources = {};
for (const [subpath, target] of Object.entries(npm.exports)) {
  const built = /^\.\/dist\/(.+)\.js$/.exec(target.default);
  if (built === null || target.types !== `./dist/${built[1]}.d.ts`) {
    problems.push(`package.json: ${subpath} does not name a built module and its types`);
    continue;
  }
  sources[subpath] = `./${built[1]}.ts`;
  if (!existsSync(sources[subpath]))
    problems.push(`package.json: ${subpath} is built from ${sources[subpath]}, which is not there`);
}
for (const file of ["deno.json", "jsr.json"]) {
  const manifest = readJson(file);
  for (const field of ["name", "version", "license"])
    expectEqual(`${file} ${field}`, manifest[field], npm[field]);
  expectEqual(`${file} exports`, manifest.exports, sources);
}
expectEqual("jsr.json publish", readJson("jsr.json").publish, readJson("deno.json").publish);

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
