/**
 * Why: a tag publishes to two registries, where a version cannot be withdrawn.
 * `node tools/check_release.mjs v1.2.3` fails unless the manifest has that version and the change log has its
 * section. It prints the section: the notes of the release.
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * @param {string} tag
 * @param {{version: string, changelog: string}} project
 * @returns {string} The notes of the release.
 */
export function checkRelease(tag, { version, changelog }) {
  if (tag !== `v${version}`) throw new RangeError(`check release: tag ${tag} of version ${version}`);
  const sections = changelog.split(/^(?=## )/m);
  const section = sections.find((text) => text.split(/\s+/)[1] === version);
  const notes = section?.split("\n").slice(1).join("\n").trim();
  if (notes === undefined || notes === "")
    throw new RangeError(`check release: no section ${version} in the change log`);
  return notes;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  console.log(
    checkRelease(process.argv[2] ?? "", { version, changelog: readFileSync("CHANGELOG.md", "utf8") }),
  );
}
