/** The code of docs/guide/custom-backend.md, as a reader saves it, under the conformance kit. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build, type Plugin } from "esbuild";
import { afterAll, test } from "vitest";
import type * as Testing from "../../src/testing/mod.ts";
import { derivedCases } from "../kit/connected_cases.ts";
import { dose } from "../support/dose.ts";
import { startPostgresServer, whyNoPostgres } from "../support/postgres/server.ts";

const PAGE = readFileSync("docs/guide/custom-backend.md", "utf8");

/** The first block of code behind "Save this as `name`". */
function savedAs(name: string): string {
  const at = PAGE.indexOf(`Save this as \`${name}\``);
  const start = PAGE.indexOf("\n", PAGE.indexOf("```ts", at)) + 1;
  if (at === -1) throw new Error(`the guide has no ${name}`);
  return PAGE.slice(start, PAGE.indexOf("```", start));
}

/** The package is this checkout. */
const thisPackage: Plugin = {
  name: "this package",
  setup({ onResolve }) {
    onResolve({ filter: /^@holdfast\/store/ }, ({ path }) => {
      const subpath = path.slice("@holdfast/store/".length).replaceAll("-", "_");
      return { path: resolve(subpath === "" ? "mod.ts" : `src/exports/${subpath}.ts`) };
    });
  },
};

/** The exports of `my_target.ts`, and of the copy of the kit in its bundle: errors are compared by their class. */
interface Saved extends Pick<typeof Testing, "conformanceCases" | "registerConformance"> {
  readonly target: Testing.ConformanceTarget;
  readonly pool: { end(): Promise<void>; on(event: "error", listener: () => void): unknown };
}

async function save(folder: string): Promise<Saved> {
  mkdirSync(folder, { recursive: true });
  for (const name of ["my_backend.ts", "my_target.ts"]) writeFileSync(join(folder, name), savedAs(name));
  const kit = `export { conformanceCases, registerConformance } from "@holdfast/store/testing";`;
  writeFileSync(join(folder, "main.ts"), `${kit}\nexport * from "./my_target.ts";\n`);
  const outfile = join(folder, "my_target.mjs");
  await build({
    entryPoints: [join(folder, "main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["pg"],
    plugins: [thisPackage],
  });
  return (await import(outfile)) as Saved;
}

const why = whyNoPostgres();

if (why === undefined) {
  const server = await startPostgresServer();
  process.env.DATABASE_URL = server.url;
  // Inside node_modules, so that `pg` is found.
  const folder = resolve("node_modules/.cache/holdfast-guide", String(process.pid));
  const { target, pool, conformanceCases, registerConformance } = await save(folder);
  pool.on("error", () => {});
  afterAll(async () => {
    await pool.end();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  // Each case makes its tables, so the short run has every eighth.
  const names = new Set(derivedCases.filter((_, index) => index % 8 === 0).map(({ name }) => name));
  const short = conformanceCases.filter(({ name }) => names.has(name));
  registerConformance(target, test, { cases: dose({ short, long: conformanceCases }) });
} else test(`the guide's backend: ${why}`, ({ skip }) => skip(why));
