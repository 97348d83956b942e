import { existsSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

/**
 * A folder for temporary files from which no installed package is found. Tests make projects there that lack
 * a package, and Node looks for packages in every folder above a project: a `node_modules` left in `/tmp`
 * would make them fail.
 *
 * @param {readonly string[]} candidates
 * @returns {string}
 * @throws {Error} When packages are found from each candidate.
 */
export function temporaryFolder(candidates = [tmpdir(), "/var/tmp", homedir()]) {
  for (const candidate of candidates) {
    if (existsSync(candidate) && packagesAbove(candidate) === undefined) return candidate;
  }
  const found = packagesAbove(candidates[0] ?? tmpdir());
  throw new Error(
    `tests: ${found ?? candidates} must not be there. Remove it, or set TMPDIR to another folder`,
  );
}

/**
 * The first `node_modules` in a folder or above it.
 *
 * @param {string} folder
 * @returns {string | undefined}
 */
function packagesAbove(folder) {
  const packages = join(folder, "node_modules");
  if (existsSync(packages)) return packages;
  const above = dirname(resolve(folder));
  return above === resolve(folder) ? undefined : packagesAbove(above);
}
