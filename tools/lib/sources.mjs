/** The files of the package. */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, sep } from "node:path";

/**
 * The package's TypeScript files: mod.ts and all of src, without unit tests.
 *
 * @param {string} root
 * @returns {string[]} paths relative to `root`, with forward slashes, sorted
 */
export function sourceFiles(root) {
  const found = existsSync(join(root, "mod.ts")) ? ["mod.ts"] : [];
  if (!existsSync(join(root, "src"))) return found;
  for (const entry of readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })) {
    const path = `src/${entry.split(sep).join("/")}`;
    if (path.endsWith(".ts") && !path.endsWith("_test.ts") && statSync(join(root, path)).isFile())
      found.push(path);
  }
  return found.sort();
}

/**
 * The files of `sourceFiles` with code in doc comments.
 *
 * @param {string} root
 */
export function documentedSources(root) {
  return sourceFiles(root).filter(
    (path) =>
      !/^src\/(cli|cloudflare|baileys_object|baileys_wasm)\//.test(path) &&
      readFileSync(join(root, path), "utf8").includes("* ```ts"),
  );
}

/** Files with code in doc comments, Markdown pages with code, and those whose links are checked. */
export function documentedFiles() {
  const sources = documentedSources(".");
  const pages = existsSync("docs")
    ? readdirSync("docs", { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".md"))
    : [];
  const inDocs = pages.map((path) => `docs/${path.split(sep).join("/")}`);
  return {
    sources,
    pages: [...(existsSync("README.md") ? ["README.md"] : []), ...inDocs],
    linked: [
      ...["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"].filter(existsSync),
      ...inDocs,
    ],
  };
}
