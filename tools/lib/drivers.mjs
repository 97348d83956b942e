/**
 * Database libraries for tests and benchmarks that are no dependencies of the project: `better-sqlite3`.
 *
 * Why: version 12, the last one for Node 20, compiles where no prebuilt binary is to be had, and `npm ci` must
 * not. Each version is installed on demand, in a separate folder with a lockfile (tools/drivers).
 */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { NODE_MAJORS, ownMajor } from "./nodes.mjs";
import { run } from "./run.mjs";

/**
 * The nearest tools/drivers above this module. A runner may have another working folder, and the bundle of a
 * benchmark contains this module in a folder of its own.
 */
const DRIVERS = foundAbove("tools/drivers", dirname(fileURLToPath(import.meta.url)));

/** The oldest Node of version 13. */
const NODE_OF_13 = 22;

/** Folders of tools/drivers. */
export const DRIVER_FOLDERS = /** @type {const} */ (["better-sqlite3-12", "better-sqlite3-13"]);

/** @param {number} nodeMajor @returns {typeof DRIVER_FOLDERS[number]} */
function folderFor(nodeMajor) {
  return nodeMajor < NODE_OF_13 ? "better-sqlite3-12" : "better-sqlite3-13";
}

/**
 * The folder of `better-sqlite3` for a version of Node, `undefined` when its locked version is not installed
 * and built.
 *
 * @param {number} [nodeMajor] Defaults to that of the running Node.
 * @returns {string | undefined}
 */
export function installedBetterSqlite3(nodeMajor = ownMajor()) {
  const folder = join(DRIVERS, folderFor(nodeMajor));
  const installed = join(folder, "node_modules/better-sqlite3");
  const isBuilt = ["build/Release/better_sqlite3.node", "prebuilds"].some((part) =>
    existsSync(join(installed, part)),
  );
  if (!isBuilt) return undefined;
  const wanted = readJson(join(folder, "package.json")).dependencies["better-sqlite3"];
  return readJson(join(installed, "package.json")).version === wanted ? installed : undefined;
}

/** Installs what the running Node and those of tools/nodes need. Resolves with the folders. */
export async function installDrivers() {
  const majors = [ownMajor(), ...NODE_MAJORS];
  const folders = new Set();
  for (const major of majors) {
    const folder = folderFor(major);
    if (folders.has(folder)) continue;
    folders.add(folder);
    if (installedBetterSqlite3(major) !== undefined) continue;
    const cwd = join(DRIVERS, folder);
    const { code, output } = await run("npm", ["ci", "--no-audit", "--no-fund"], {
      cwd,
      // The library and SQLite compile beside each other.
      env: { npm_config_jobs: "max" },
    });
    if (code !== 0 || installedBetterSqlite3(major) === undefined)
      throw new Error(`install ${folder}: exit code ${code}\n${output}`);
  }
  return [...folders];
}

/**
 * @param {string} path
 * @param {string} folder
 * @returns {string}
 */
function foundAbove(path, folder) {
  const found = join(folder, path);
  if (existsSync(found)) return found;
  const above = dirname(folder);
  if (above === folder) throw new Error(`no ${path} above ${fileURLToPath(import.meta.url)}`);
  return foundAbove(path, above);
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}
