/** The TypeScript of the documentation, and where each block of it runs. */

import { readdirSync, readFileSync } from "node:fs";

/** A runtime on which examples are run by one program. */
export type ExampleRuntime = "node" | "bun" | "deno";

/** A block of TypeScript of a page. */
export interface Example {
  /** The page and the heading above it, with a number where it has several. */
  readonly name: string;
  readonly code: string;
}

/** Examples that need what a test of their own brings, by the beginning of their names. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  "docs/guide/custom-backend.md": "test/guide/custom_backend_test.ts runs it under the kit",
  "docs/guide/move_out.md#To a database":
    "test/importers/foreign_databases_test.ts: a database of the client",
  "docs/guide/drivers.md#better-sqlite3":
    "the package is none of the project's: npm run drivers, and the kit",
  "docs/guide/drivers.md#Turso, through its own client": "a server: the kit",
  "docs/guide/drivers.md#D1": "test/guide/d1_example_test.ts: a database of the platform",
  "docs/guide/drivers.md#PostgreSQL": "a server: the kit",
};

/** Every block of TypeScript that is type-checked: `ts`, and not `ts ignore`. */
export function examples(): Example[] {
  const pages = ["README.md", ...["guide", "site"].flatMap(pagesOf)];
  return pages.flatMap((page) => {
    const counts = new Map<string, number>();
    const text = readFileSync(page, "utf8");
    return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(({ 1: code = "", index }) => {
      const heading = [...text.slice(0, index).matchAll(/^#+ (.+)$/gm)].at(-1)?.[1] ?? "";
      const count = (counts.get(heading) ?? 0) + 1;
      counts.set(heading, count);
      return { name: `${page}#${heading}${count === 1 ? "" : ` (${count})`}`, code };
    });
  });
}

function pagesOf(folder: string): string[] {
  return readdirSync(`docs/${folder}`)
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${folder}/${name}`);
}

/** The runtimes of an example: what it imports decides, then the heading, then the user's own runtime. */
export function runtimesOf({ name, code }: Example): readonly ExampleRuntime[] {
  if (Object.keys(ELSEWHERE).some((start) => name.startsWith(start))) return [];
  if (code.includes("Deno.")) return ["deno"];
  if (code.includes("/bun-sqlite")) return ["bun"];
  // Node 20 has no SQLite.
  if (code.includes("/node-sqlite")) return hasSqlite() ? ["node", "bun", "deno"] : ["bun", "deno"];
  if (/#Node and Bun/.test(name)) return ["node", "bun"];
  return ["node"];
}

function hasSqlite(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 16);
}
