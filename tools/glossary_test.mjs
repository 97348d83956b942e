import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { describe, expect, test } from "vitest";

/** @typedef {{term: string, meaning: string, folders: readonly string[]}} Row */

/** @returns {Row[]} */
function rows() {
  const [terms = ""] = readFileSync("docs/glossary.md", "utf8").split("\n## ");
  return [...terms.matchAll(/^\| ([^|]+) \| ([^|]+) \| (`[^|]+) \|$/gm)].map(
    ([, term = "", meaning = "", folders = ""]) => ({
      term,
      meaning,
      folders: [...folders.matchAll(/`([^`]+)`/g)].map(([, folder = ""]) => folder),
    }),
  );
}

/**
 * Lower case without separators: `account id`, `accountId` and `account_id` are equal.
 * @param {string} text
 */
const squeezed = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, "");

/** @param {string} folder */
function textOf(folder) {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => `${folder}/${file}`);
  return squeezed(
    files
      .filter((file) => statSync(file).isFile())
      .map((file) => `${file}\n${readFileSync(file, "utf8")}`)
      .join("\n"),
  );
}

describe("docs/glossary.md", () => {
  test("defines each term once, in alphabetical order, in one sentence", () => {
    const terms = rows().map(({ term }) => term);
    expect(terms.length).toBeGreaterThan(80);
    expect(terms).toEqual([...new Set(terms)].sort((a, b) => a.localeCompare(b, "en")));
    for (const { term, meaning } of rows()) expect(meaning, term).toMatch(/^[A-Z`].*\.$/);
  });

  test("names folders that use the term", () => {
    const missing = rows().flatMap(({ term, folders }) => {
      const word = squeezed(term.replace(/ \(.*/, ""));
      const unused = folders.filter(
        (folder) => !existsSync(`src/${folder}`) || !textOf(`src/${folder}`).includes(word),
      );
      return unused.map((folder) => `${term}: ${folder}`);
    });
    expect(missing).toEqual([]);
  });
});
