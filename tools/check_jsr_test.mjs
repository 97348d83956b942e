import { describe, expect, test } from "vitest";
import { jsrRules } from "./check_jsr.mjs";

/** A package that has every point. @type {import("./check_jsr.mjs").Package} */
const WHOLE = {
  readme: "# Package\n\n```ts\nopen();\n```\n",
  included: ["mod.ts", "README.md"],
  description: "A package.",
  exports: { ".": "./mod.ts", "./cache": "./src/exports/cache.ts" },
  modules: {
    "file:///here/mod.ts": {
      module_doc: { doc: "The root." },
      symbols: [{ name: "open", declarations: [declared({ doc: "Opens." })] }],
    },
    "file:///here/src/exports/cache.ts": { module_doc: { doc: "Caches." }, symbols: [] },
  },
  workflow: "    permissions:\n      id-token: write\n    steps:\n      - run: npx deno publish\n",
  runtimes: ["node", "deno"],
  lint: undefined,
  dryRun: undefined,
};

/** @param {{doc?: string}} jsDoc @param {string} [kind] @param {string} [declarationKind] */
function declared(jsDoc, kind = "function", declarationKind = "export") {
  return { kind, declarationKind, jsDoc };
}

/** @param {Partial<import("./check_jsr.mjs").Package>} change */
function problems(change) {
  return jsrRules({ ...WHOLE, ...change }).flatMap(({ problems: found }) => found);
}

/** @param {ReturnType<typeof declared>[]} declarations */
function withSymbol(declarations) {
  return {
    "file:///here/mod.ts": { module_doc: { doc: "The root." }, symbols: [{ name: "open", declarations }] },
    "file:///here/src/exports/cache.ts": { module_doc: { doc: "Caches." }, symbols: [] },
  };
}

describe("jsrRules", () => {
  test("gives all points to a package that keeps the rules", () => {
    expect(problems({})).toEqual([]);
    expect(jsrRules(WHOLE).reduce((sum, { points }) => sum + points, 0)).toBe(18);
  });

  test.each([
    ["a README that is not published", { included: ["mod.ts"] }, "README.md is not published"],
    ["a README without code", { readme: "# Package" }, "README.md has no block of code"],
    [
      "a subpath without a module doc",
      { exports: { ...WHOLE.exports, "./other": "./src/exports/other.ts" } },
      "./other: ./src/exports/other.ts has no module doc",
    ],
    ["what the linter finds", { lint: "missing" }, "deno doc --lint: missing"],
    ["a slow type", { dryRun: "slow" }, "deno publish --dry-run: slow"],
    [
      "a workflow without an identity",
      { workflow: "      - run: npx deno publish\n" },
      "release.yml does not publish by the identity of the workflow",
    ],
    [
      "a long description",
      { description: "a".repeat(251) },
      "the description of package.json has 251 characters, 1 to 250",
    ],
    ["one runtime", { runtimes: ["node"] }, "the kit runs on one runtime alone"],
  ])("names %s", (_, change, problem) => {
    expect(problems(change)).toEqual([problem]);
  });

  test("finds a symbol without a doc comment, and no private one or reference", () => {
    expect(problems({ modules: withSymbol([declared({})]) })).toEqual(["open has no doc comment"]);
    const hidden = [declared({}, "function", "private"), declared({}, "reference")];
    expect(problems({ modules: withSymbol(hidden) })).toEqual([]);
    expect(problems({ modules: withSymbol([declared({}), declared({ doc: "Opens." })]) })).toEqual([]);
  });
});
