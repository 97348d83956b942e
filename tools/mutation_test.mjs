import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { killedOf, scoreTable } from "./lib/mutation_score.mjs";
import { MUTATION_PARTS, selectParts } from "./lib/mutation_set.mjs";

const judged = ["Killed", "Timeout", "Survived", "NoCoverage", "Ignored", "CompileError"].map((status) => ({
  fileName: "a.ts",
  status,
}));

/** Resolves a pattern with one `*` or one list in braces. @param {string} pattern */
function filesOf(pattern) {
  const alternatives = pattern
    .replace(/[.]/g, "\\.")
    .replace("*", ".*")
    .replace(/\{(.*)\}/, (_, list) => `(${list.replaceAll(",", "|")})`);
  const matches = new RegExp(`^${basename(alternatives)}$`);
  return readdirSync(dirname(pattern)).filter((name) => matches.test(name));
}

describe("MUTATION_PARTS", () => {
  test("names files and tests that exist, each file once", () => {
    const files = MUTATION_PARTS.flatMap((part) => part.files);
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
    expect(new Set(files).size).toBe(files.length);
    for (const pattern of MUTATION_PARTS.flatMap((part) => part.tests)) {
      const alternatives = /\{(.*)\}/.exec(pattern)?.[1]?.split(",").length ?? 1;
      expect(filesOf(pattern).length, pattern).toBeGreaterThanOrEqual(alternatives);
    }
  });

  test("has a line in docs/design/mutation.md for each file", () => {
    const page = readFileSync("docs/design/mutation.md", "utf8");
    const files = MUTATION_PARTS.flatMap((part) => part.files);
    expect(files.filter((file) => !page.includes(`| \`${file}\` |`))).toEqual([]);
  });
});

describe("selectParts", () => {
  test("leaves out other files, and parts without files", () => {
    const [part] = selectParts((file) => file === "src/backend/commit_queue.ts");
    expect(part).toMatchObject({ name: "queue", files: ["src/backend/commit_queue.ts"] });
    expect(selectParts(() => false)).toEqual([]);
    expect(selectParts(() => true)).toEqual(MUTATION_PARTS);
  });
});

describe("killedOf", () => {
  test("counts a timeout as killed and leaves out what was not judged", () => {
    expect(killedOf(judged)).toEqual({ killed: 1, timeout: 1, survived: 1, uncovered: 1, percent: 50 });
  });

  test("is 100 % without mutants", () => {
    expect(killedOf([]).percent).toBe(100);
  });
});

describe("scoreTable", () => {
  test("has a line for each file and one for all", () => {
    const table = scoreTable([...judged, { fileName: "b.ts", status: "Killed" }]);
    expect(table.split("\n").slice(2)).toEqual([
      "| `a.ts` | 1 | 1 | 1 | 1 | 50.0 % |",
      "| `b.ts` | 1 | 0 | 0 | 0 | 100.0 % |",
      "| all | 2 | 1 | 1 | 1 | 60.0 % |",
    ]);
  });
});
