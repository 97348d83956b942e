import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readDoors } from "./check_doors.mjs";

/** @type {string} */
let root;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "doors-"));
});

afterEach(() => rmSync(root, { recursive: true }));

const MANIFEST = {
  exports: {
    ".": { default: "./dist/mod.js" },
    "./cache": { default: "./dist/src/exports/cache.js" },
  },
};

const OPTIONS = {
  compilerOptions: {
    ...{ target: "es2022", module: "nodenext", lib: ["es2022"], types: [] },
    allowImportingTsExtensions: true,
    noEmit: true,
  },
};

const CLEAN = {
  "package.json": JSON.stringify(MANIFEST),
  "tsconfig.json": JSON.stringify(OPTIONS),
  "mod.ts": 'export * from "./src/exports/root.ts";',
  "src/exports/root.ts": 'export { type Account, open } from "../account.ts";',
  "src/exports/cache.ts": 'export { Cache } from "../cache.ts";',
  "src/account.ts": `import type { Parts } from "./parts.ts";
    export class Account {
      readonly name: string = "";
      readonly #parts: Parts;
      private other: Parts | undefined;
      constructor(parts: Parts) { this.#parts = parts; }
    }
    export function open(): Account { const parts: Parts = {}; return new Account(parts); }`,
  "src/parts.ts": "export interface Parts {}",
  "src/cache.ts": "export class Cache {}",
};

/**
 * Writes a tree and reads its doors.
 *
 * @param {Record<string, string>} files text by path, instead of those of a clean tree
 * @param {{maxRootNames?: number, maxNames?: number}} [limits]
 */
function check(files, limits) {
  for (const [path, text] of Object.entries({ ...CLEAN, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return readDoors(root, limits);
}

describe("readDoors", () => {
  // Bodies, private members, and the constructor of a class whose value no door exports are not part of the
  // API.
  test("accepts a tree that keeps the rules", () => {
    const { names, problems } = check({});
    expect(problems).toEqual([]);
    expect([...names].map(([subpath, exported]) => [subpath, [...exported.keys()].sort()])).toEqual([
      [".", ["Account", "open"]],
      ["./cache", ["Cache"]],
    ]);
  });

  test("accepts default exports of several doors", () => {
    const files = {
      "src/exports/root.ts": 'export { open as default } from "../account.ts";',
      "src/exports/cache.ts": 'export { Cache as default } from "../cache.ts";',
      "mod.ts": 'export { default } from "./src/exports/root.ts";',
      "src/account.ts": "export function open(): void {}",
    };
    expect(check(files).problems).toEqual([]);
  });

  test("counts the names of the root and of all subpaths", () => {
    expect(check({}, { maxRootNames: 1, maxNames: 2 }).problems).toEqual([
      "root: 2 names, at most 1",
      "all subpaths: 3 names, at most 2",
    ]);
  });

  /** @type {[string, Record<string, string>, string][]} */
  const violations = [
    [
      "the constructor of an exported class that names a private type",
      { "src/exports/root.ts": 'export { Account, open } from "../account.ts";' },
      "Parts (src/parts.ts): no door exports it, and Account (src/account.ts) mentions it",
    ],
    [
      "a private type behind another one",
      {
        "src/exports/cache.ts": 'export { type Cache } from "../cache.ts";',
        "src/cache.ts":
          'import type { Parts } from "./parts.ts";\nexport type Cache = { size: Pick<Parts, never>[] };',
      },
      "Parts (src/parts.ts): no door exports it, and Cache (src/cache.ts) mentions it",
    ],
    [
      "one name for two things",
      { "src/exports/cache.ts": "export class Account {}" },
      "Account: one thing in ., another in ./cache",
    ],
    [
      "generated code",
      {
        "src/cache.ts":
          'import type { Row } from "./records/gen/row_pb.ts";\nexport function Cache(row: Row): void {}',
        "src/records/gen/row_pb.ts": "export interface Row {}",
      },
      "Row: generated, mentioned by Cache (src/cache.ts)",
    ],
    [
      "a type of a package",
      {
        "src/cache.ts": 'import type { Row } from "packed";\nexport function Cache(row: Row): void {}',
        "node_modules/packed/package.json": '{"name":"packed","types":"index.d.ts"}',
        "node_modules/packed/index.d.ts": "export interface Row {}",
      },
      "Row: of packed/index.d.ts, mentioned by Cache (src/cache.ts)",
    ],
    [
      "a door that no subpath opens",
      { "src/exports/other.ts": "export {};" },
      "src/exports/other.ts: no subpath opens this door",
    ],
    [
      "a subpath without its file",
      {
        "package.json": JSON.stringify({
          exports: { ...MANIFEST.exports, "./other": { default: "./dist/src/exports/other.js" } },
        }),
      },
      "./other: src/exports/other.ts is missing",
    ],
    [
      "a subpath without a door",
      {
        "package.json": JSON.stringify({
          exports: { ...MANIFEST.exports, "./parts": { default: "./dist/src/parts.js" } },
        }),
      },
      "src/parts.ts: not a door",
    ],
  ];

  test.each(violations)("rejects %s", (_name, files, problem) => {
    expect(check(files).problems).toEqual([problem]);
  });
});
