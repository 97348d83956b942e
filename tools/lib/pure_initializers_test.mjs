import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { markPure } from "./pure_initializers.mjs";

/** What a bundler keeps of a module of which one name is used. @param {string} contents */
async function keptOf(contents) {
  const { outputFiles } = await build({
    stdin: { contents: `${contents}\nexport const used = 1;`, loader: "ts" },
    bundle: true,
    format: "esm",
    write: false,
    treeShaking: true,
  });
  return outputFiles[0]?.text.trim() ?? "";
}

const NOTHING_ELSE = "// <stdin>\nvar used = 1;\nexport {\n  used\n};";

const SOURCES = {
  "a call": "const RULE = make({ of: [1] }); declare function make(rule: object): object;",
  "a spread": "declare const OTHER: object; const TABLE = { ...OTHER, a: 1 } as const;",
  "a property": "declare const OTHER: { a: number }; const SIZE: number = OTHER.a * 2;",
  "a static field":
    "class Cache { static readonly #all = new Map([[1, load()]]); } declare function load(): 1;",
};

describe("markPure", () => {
  test.each(Object.entries(SOURCES))("lets a bundler drop %s that is not used", async (_, source) => {
    expect(await keptOf(source)).not.toBe(NOTHING_ELSE);
    expect(await keptOf(markPure(source))).toBe(NOTHING_ELSE);
  });

  test("leaves functions, literals and tables of them alone", () => {
    const source = `const f = () => g(); export class A { b = h(); static c = 1; }
      const t = { f, g() { return 1; }, "x": [-1, /a/, null] } satisfies object; g();`;
    expect(markPure(source)).toBe(source);
  });

  test("keeps values, also of several constants in a line", async () => {
    const module = markPure("export const a = [1, 2].map((n) => n * 2), b = { ...a }, c = [b[0]].join();");
    const { a, b, c } = await import(`data:text/javascript,${encodeURIComponent(module)}`);
    expect([a, b, c]).toEqual([[2, 4], { 0: 2, 1: 4 }, "2"]);
  });
});
