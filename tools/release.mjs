/**
 * Why: a release is one commit in which five files have the same version, and a tag that publishes. Done by
 * hand, one of them is forgotten. This is the lifecycle of `npm version` (scripts `preversion` and `version`):
 *
 *     node tools/release.mjs --dry-run minor   prints what would change
 *     npm version minor                        checks, bumps, commits and tags
 *     git push --follow-tags                   publishes, by the workflow release.yml
 *
 * `node tools/release.mjs before` refuses a tree that is not clean, a branch other than main, and an empty
 * section "Unreleased", and runs the checks. `node tools/release.mjs after` gives the section "Unreleased" of
 * CHANGELOG.md the version and the date, puts an empty one above it, brings deno.json, jsr.json, examples and
 * templates to the version, and adds them to the commit that npm makes. `tools/check_release.mjs` then accepts
 * the tag.
 *
 * `release-it` with its plugin for Keep a Changelog brings 162 packages, `changesets` 103 and a format of its
 * own. npm has the rest.
 */

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkRelease } from "./check_release.mjs";

/** Folders of manifests that name the package by a range: projects that a user starts from. */
const PROJECTS = ["examples", "templates"];

const UNRELEASED = "## Unreleased\n";

/**
 * The change log of a release: the section "Unreleased" has its version and date, and an empty one is above.
 *
 * @param {string} changelog
 * @param {string} version
 * @param {string} date `2026-12-01`
 */
export function releasedChangelog(changelog, version, date) {
  requireNotes(changelog);
  if (changelog.split("\n").some((line) => line.startsWith("## ") && line.split(" ")[1] === version))
    throw new RangeError(`release: the change log has a section ${version} already`);
  return changelog.replace(UNRELEASED, `${UNRELEASED}\n## ${version} - ${date}\n`);
}

/** @param {string} changelog @throws {RangeError} When nothing is unreleased. */
export function requireNotes(changelog) {
  const section = changelog.split(/^(?=## )/m).find((text) => text.startsWith(UNRELEASED));
  if (section === undefined) throw new RangeError("release: the change log has no section Unreleased");
  if (section.slice(UNRELEASED.length).trim() === "")
    throw new RangeError("release: the section Unreleased of the change log is empty");
}

/**
 * A manifest with another range of the package: `^` and the version.
 *
 * @param {string} manifest
 * @param {string} name
 * @param {string} version
 */
export function withRange(manifest, name, version) {
  const parsed = JSON.parse(manifest);
  if (parsed.dependencies?.[name] === undefined)
    throw new RangeError(`release: a manifest does not depend on ${name}`);
  return manifest.replace(new RegExp(`("${name}": ")[^"]*(")`), `$1^${version}$2`);
}

/** The version that follows. @param {string} version @param {string} step `major`, `minor`, `patch` or a version */
export function nextVersion(version, step) {
  const parts = /^(\d+)\.(\d+)\.(\d+)$/.exec(version)?.slice(1).map(Number);
  if (parts === undefined) throw new RangeError(`release: ${version} is no version of three numbers`);
  const [major = 0, minor = 0, patch = 0] = parts;
  if (step === "major") return `${major + 1}.0.0`;
  if (step === "minor") return `${major}.${minor + 1}.0`;
  if (step === "patch") return `${major}.${minor}.${patch + 1}`;
  if (/^\d+\.\d+\.\d+$/.test(step)) return step;
  throw new RangeError(`release: ${step} is neither major, minor, patch nor a version`);
}

/** @param {string} command @param {string[]} args */
function run(command, args) {
  execFileSync(command, args, { stdio: "inherit" });
}

/** @param {string[]} args */
function git(args) {
  return execFileSync("git", args, { encoding: "utf8" }).trim();
}

/** What must hold before anything is changed. */
function before() {
  const changed = git(["status", "--porcelain"]);
  if (changed !== "") throw new RangeError(`release: the tree is not clean:\n${changed}`);
  const branch = git(["branch", "--show-current"]);
  if (branch !== "main") throw new RangeError(`release: the branch is ${branch}, not main`);
  requireNotes(readFileSync("CHANGELOG.md", "utf8"));
  run(process.execPath, ["tools/check.mjs"]);
}

/** The manifests of projects that depend on the package. @param {string} name @returns {string[]} */
function dependents(name) {
  return PROJECTS.filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((project) => `${folder}/${project}/package.json`))
    .filter((path) => existsSync(path))
    .filter((path) => JSON.parse(readFileSync(path, "utf8")).dependencies?.[name] !== undefined);
}

/** The files of a release, with their text. @param {string} version @param {string} date */
function releasedFiles(version, date) {
  const { name } = JSON.parse(readFileSync("package.json", "utf8"));
  return new Map([
    ["CHANGELOG.md", releasedChangelog(readFileSync("CHANGELOG.md", "utf8"), version, date)],
    .../** @type {[string, string][]} */ (
      dependents(name).map((path) => [path, withRange(readFileSync(path, "utf8"), name, version)])
    ),
  ]);
}

/** After npm has set the version in package.json and package-lock.json. */
function after() {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  const files = releasedFiles(version, today());
  for (const [path, text] of files) writeFileSync(path, text);
  run(process.execPath, ["tools/check_manifests.mjs", "--write"]);
  run(join("node_modules", ".bin", "biome"), ["format", "--write", "deno.json", "jsr.json", "package.json"]);
  checkRelease(`v${version}`, { version, changelog: files.get("CHANGELOG.md") ?? "" });
  run("git", ["add", "package.json", "package-lock.json", "deno.json", "jsr.json", ...files.keys()]);
}

function today() {
  return new Date().toISOString().slice(0, 10);
}

/** Prints what a release would change, and changes nothing. @param {string} step */
function dryRun(step) {
  const { version: current } = JSON.parse(readFileSync("package.json", "utf8"));
  const version = nextVersion(current, step);
  const files = releasedFiles(version, today());
  const notes = checkRelease(`v${version}`, { version, changelog: files.get("CHANGELOG.md") ?? "" });
  console.log(`${current} → ${version}, tag v${version}`);
  console.log(
    `changes package.json, package-lock.json, deno.json, jsr.json, ${[...files.keys()].join(", ")}`,
  );
  console.log(`notes of the release: ${notes.split("\n").length} lines\n\n${notes}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [step, argument = ""] = process.argv.slice(2);
  if (step === "before") before();
  else if (step === "after") after();
  else if (step === "--dry-run") dryRun(argument);
  else
    throw new RangeError(
      "release: node tools/release.mjs before | after | --dry-run <major | minor | patch>",
    );
}
