/**
 * Why: `npm install` on one machine can write a lockfile without another platform's optional package, and
 * `npm ci` then fails on a fresh machine. A lockfile with download addresses ties all users to one registry
 * mirror. Therefore every optional dependency of a locked package must be locked, at its exact version if it
 * has one, and no entry may have a `resolved` address.
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DRIVER_FOLDERS } from "./lib/drivers.mjs";
import { NODE_MAJORS } from "./lib/nodes.mjs";

/**
 * @typedef {{version?: string, resolved?: string, optionalDependencies?: Record<string, string>}} LockEntry
 * @param {Record<string, LockEntry>} packages the `packages` of a lockfile, by install path
 * @returns {string[]} one line per problem
 */
export function checkLock(packages) {
  const problems = [];
  for (const [path, entry] of Object.entries(packages)) {
    const who = `${path === "" ? "the project" : path}`;
    if (entry.resolved !== undefined && /^\w+:\/\//.test(entry.resolved))
      problems.push(`${who}: has a download address`);
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      const found = lookUp(packages, path, name);
      if (found === undefined) problems.push(`${who}: optional ${name} is not locked`);
      else if (/^\d/.test(range) && found.version !== range) {
        problems.push(`${who}: optional ${name} is locked at ${found.version}, not ${range}`);
      }
    }
  }
  return problems;
}

/**
 * Finds a package as Node does: in the nearest node_modules upwards.
 *
 * @param {Record<string, LockEntry>} packages
 * @param {string} path
 * @param {string} name
 */
function lookUp(packages, path, name) {
  for (let folder = path; ; ) {
    const found = packages[`${folder === "" ? "" : `${folder}/`}node_modules/${name}`];
    if (found !== undefined || folder === "") return found;
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = [
    "package-lock.json",
    ...NODE_MAJORS.map((major) => `tools/nodes/${major}/package-lock.json`),
    ...DRIVER_FOLDERS.map((folder) => `tools/drivers/${folder}/package-lock.json`),
  ];
  const problems = files.flatMap((file) =>
    checkLock(JSON.parse(readFileSync(file, "utf8")).packages).map((problem) => `${file}: ${problem}`),
  );
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}
