import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { apiDifferences, apiReports } from "./api_report.mjs";

/** @type {string} */
let root;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "api-"));
});

afterEach(() => rmSync(root, { recursive: true }));

const TREE = {
  "package.json": JSON.stringify({
    name: "@some/package",
    exports: {
      ".": { default: "./dist/mod.js" },
      "./cache": { default: "./dist/src/exports/cache.js" },
    },
  }),
  "tsconfig.json": JSON.stringify({
    compilerOptions: { target: "es2022", module: "nodenext", allowImportingTsExtensions: true, noEmit: true },
  }),
  "mod.ts": 'export { type Account, type Name, open } from "./src/account.ts";',
  "src/exports/cache.ts":
    'export { Cache, type Name } from "../cache.ts"; export { default } from "../other.ts";',
  "src/account.ts": `export type { Name } from "./cache.ts";
    /** Said elsewhere. */
    export class Account {
      /** Also said elsewhere. */
      readonly name: string = "a";
      readonly #secret: number = 1;
      private other(): number { return this.#secret; }
      constructor(name: string) { this.name = name; this.other(); }
      close(): void {}
    }
    export function open(name: string): Account;
    export function open(name: number): Account;
    export function open(name: unknown): Account { return new Account(String(name)); }`,
  "src/cache.ts": `export type Name = "a" | "b";
    export class Cache { constructor(readonly size: number) {} static of(): Cache { return new Cache(1); } }`,
  "src/other.ts": "export default class Other {}",
};

/** @param {Record<string, string>} [files] text by path, instead of those of the tree */
function reports(files = {}) {
  for (const [path, text] of Object.entries({ ...TREE, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return apiReports(root);
}

/** The TypeScript of a report. @param {string} [page] */
function code(page) {
  return /```ts\n(.*?)\n```/s.exec(page ?? "")?.[1];
}

describe("apiReports", () => {
  test("has the signatures of what a door exports, and nothing private", () => {
    expect(code(reports().get("index.api.md"))).toBe(`// exported as a type
class Account {
    readonly name: string;
    close(): void;
}

type Name = "a" | "b";

function open(name: string): Account;
function open(name: number): Account;`);
  });

  test("shows a name at its first door, and constructors of values", () => {
    const page = reports().get("cache.api.md");
    expect(code(page)).toBe(`class Cache {
    readonly size: number;
    constructor(size: number);
    static of(): Cache;
}

// exported as default
class Other {
}`);
    expect(page).toContain("- `type Name`: see `@some/package`");
  });

  test("is the same for a change of comments and bodies alone", () => {
    const before = reports();
    const changed = TREE["src/account.ts"]
      .replace("Said elsewhere", "Said otherwise")
      .replace("return this.#secret", "return 2");
    expect([...reports({ "src/account.ts": changed })]).toEqual([...before]);
  });
});

describe("apiDifferences", () => {
  test("finds a changed signature, a new report and one of no subpath", () => {
    const stored = join(root, "api");
    mkdirSync(stored);
    for (const [name, text] of reports()) writeFileSync(join(stored, name), text);
    expect(apiDifferences(reports(), stored)).toEqual([]);
    const changed = reports({
      "src/account.ts": TREE["src/account.ts"].replace("close(): void", "close(): null"),
    });
    expect(apiDifferences(changed, stored)).toEqual([
      `${stored}/index.api.md is not the API:\n  -     close(): void;\n  +     close(): null;`,
    ]);
    writeFileSync(join(stored, "gone.api.md"), "");
    rmSync(join(stored, "cache.api.md"));
    const [gone, missing] = apiDifferences(reports(), stored);
    expect(gone).toBe(`${stored}/gone.api.md: there is no such subpath`);
    expect(missing).toContain("+ class Cache {");
  });
});
