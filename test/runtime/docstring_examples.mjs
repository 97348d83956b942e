// @ts-self-types="./docstring_examples.d.mts"
/**
 * The examples of docstrings as modules, for the tests of a runtime. They are loaded in one process: the test
 * runner of Deno starts each example of `--doc` with a copy of the package, which takes 20 times as long.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { documentedSources } from "../../tools/lib/sources.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A block of code in a docstring, with what stands behind its language. */
const BLOCK = /^ *\* ```ts([^\n]*)\n([\s\S]*?)^ *\* ```/gm;

/**
 * Writes the examples as modules to `dist/examples/<name>`, where they find the packages of the project.
 *
 * @param {string} name
 * @returns {import("./docstring_examples.d.mts").Example[]}
 */
export function docstringExamples(name) {
  const folder = join(ROOT, "dist/examples", name);
  mkdirSync(folder, { recursive: true });
  return documentedSources(ROOT).flatMap((source) => {
    const text = readFileSync(join(ROOT, source), "utf8");
    return [...text.matchAll(BLOCK)].map(({ 1: words = "", 2: lines = "", index }) => {
      const line = text.slice(0, index).split("\n").length;
      const file = join(folder, `${source.replaceAll("/", "-")}-${line}.ts`);
      writeFileSync(file, lines.replaceAll(/^ *\* ?/gm, ""));
      return {
        name: `${source}:${line}`,
        url: pathToFileURL(file).href,
        isRun: !words.includes("ignore"),
      };
    });
  });
}
