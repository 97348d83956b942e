/**
 * Why: three manifests describe one package (npm, JSR, Deno), and `deno publish` uses deno.json without a
 * warning when jsr.json differs. Name, version, licence and subpaths must be equal in all three, and each
 * subpath's file must exist. A subpath that imports a module of one platform is published only on npm, with
 * its door and folder, and so is the program that belongs to it.
 *
 * package.json is the source: `node tools/check_manifests.mjs --write`, a part of `npm run fix`, writes these
 * fields of the other two. So are the versions in the manifests of `templates`: `holdfast init` copies them.
 */

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

/** Subpaths of npm only, and their files, whose imports other registries cannot resolve. */
const NPM_ONLY = {
  "./cloudflare": ["src/cloudflare", "src/exports/cloudflare.ts"],
  "./baileys-object/ws": ["src/baileys_object", "src/baileys_wasm", "src/exports/baileys_object_ws.ts"],
  "./baileys-object/media": ["src/baileys_object", "src/exports/baileys_object_media.ts"],
};

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
  if (a !== b) problems.push(`${label}: ${a} differs from package.json: ${b}`);
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
    problems.push(`package.json: ${subpath} is built from ${sources[subpath]}, which is missing`);
}
const shared = Object.entries(sources).filter(([subpath]) => !Object.hasOwn(NPM_ONLY, subpath));
const { name, version, license } = npm;
const expected = { name, version, license, exports: Object.fromEntries(shared) };
for (const file of ["deno.json", "jsr.json"]) {
  if (process.argv.includes("--write")) {
    writeFileSync(file, `${JSON.stringify({ ...readJson(file), ...expected }, undefined, 2)}\n`);
  }
  const manifest = readJson(file);
  for (const [field, value] of Object.entries(expected))
    expectEqual(`${file} ${field}`, manifest[field], value);
  for (const path of Object.values(NPM_ONLY).flat())
    if (!manifest.publish.exclude.includes(path))
      problems.push(`${file}: publishes ${path}, which only npm may have`);
}
for (const subpath of Object.keys(NPM_ONLY))
  if (sources[subpath] === undefined) problems.push(`package.json: ${subpath} is missing`);
expectEqual("jsr.json publish", readJson("jsr.json").publish, readJson("deno.json").publish);

for (const template of readdirSync("templates")) {
  const file = `templates/${template}/package.json`;
  if (!existsSync(file)) continue;
  const manifest = readJson(file);
  const wanted = structuredClone(manifest);
  for (const field of ["dependencies", "devDependencies"])
    for (const dependency of Object.keys(wanted[field] ?? {}))
      wanted[field][dependency] = rangeOf(dependency);
  if (process.argv.includes("--write")) writeFileSync(file, `${JSON.stringify(wanted, undefined, 2)}\n`);
  else expectEqual(file, manifest, wanted);
}

/**
 * What a new project asks for: the release that it comes with, and what that was tested with.
 *
 * @param {string} dependency
 */
function rangeOf(dependency) {
  if (dependency === npm.name) return `^${npm.version}`;
  const tested = npm.devDependencies[dependency];
  if (tested === undefined) problems.push(`templates: ${dependency} is no dependency of package.json`);
  // Its releases of version 7 differ in what they export.
  if (dependency === "baileys") return tested;
  return `^${String(tested).replace("^", "")}`;
}

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
