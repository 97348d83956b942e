/**
 * `npm run build`: the incremental build of dist, which does nothing without changes. It removes output files
 * without a source, which would otherwise be packed. `--fresh` writes every file again: `npm pack` and
 * `npm publish` run that, also in a fresh clone.
 *
 * The subpaths are bundled, so that the package is small and is imported fast.
 *
 * The program `holdfast` is bundled into one file, so that `npx`, `bunx` and `deno run` start it without its
 * own dependencies, and beside it the Worker that `holdfast dev` runs. The console's pages are bundled into a
 * folder of static files; `--console` makes only these, without which wrangler refuses `wrangler.toml`.
 */

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import {
  CONSOLE_BUILD,
  CONSOLE_FOLDER,
  DOOR_BUILD,
  PROGRAM_BUILD,
  SHARED_FOLDER,
  WASM_BUILD,
  WORKER_BUILD,
} from "./lib/program_build.mjs";
import { run } from "./lib/run.mjs";

if (process.argv.includes("--console")) await bundleConsole();
else await buildAll();

async function buildAll() {
  if (process.argv.includes("--fresh")) rmSync("dist/.tsbuildinfo", { force: true });
  const { code, output } = await run("tsc", ["-p", "tsconfig.build.json"]);
  process.stdout.write(output);
  if (code === 0) {
    removeStale();
    await bundleDoors();
    await bundlePrograms();
    await bundleConsole();
    await writeDocument();
  }
  process.exitCode = code;
}

function removeStale() {
  // Releases before had a second form there, and maps.
  rmSync("dist/node", { recursive: true, force: true });
  for (const path of readdirSync("dist", { recursive: true, encoding: "utf8" })) {
    if (/^(?:shared|console)[/\\]/.test(path)) continue;
    const built = /^(.+?)\.(?:js|d\.ts)$/.exec(path);
    if (path.endsWith(".map")) rmSync(join("dist", path));
    else if (built !== null && !existsSync(`${built[1]}.ts`)) rmSync(join("dist", path));
  }
}

/** Files that are equal stay, since another process may be importing them. */
async function bundleDoors() {
  const { metafile } = await build({ ...DOOR_BUILD, metafile: true });
  const built = new Set(Object.keys(metafile.outputs));
  for (const name of readdirSync(SHARED_FOLDER)) {
    const file = `${SHARED_FOLDER}/${name}`;
    if (!built.has(file)) rmSync(file);
  }
}

async function bundlePrograms() {
  await build(PROGRAM_BUILD);
  await build(WORKER_BUILD);
  await build(WASM_BUILD);
}

/** Files that are equal stay, since a service may be serving them. */
async function bundleConsole() {
  const { metafile } = await build({ ...CONSOLE_BUILD, metafile: true });
  const built = Object.keys(metafile.outputs).map((path) => basename(path));
  const isStale = (/** @type {string} */ name) => /^(?:main|api_page)-/.test(name) && !built.includes(name);
  for (const name of readdirSync(CONSOLE_FOLDER).filter(isStale)) rmSync(join(CONSOLE_FOLDER, name));
  for (const name of ["icon.svg", "_headers", "_redirects"])
    copyFileSync(join("console", name), join(CONSOLE_FOLDER, name));
  for (const page of ["index.html", "api.html"]) {
    const text = readFileSync(join("console", page), "utf8");
    writeFileSync(join(CONSOLE_FOLDER, page), built.reduce(nameBuilt, text));
  }
}

/** Writes the name of a built file, `main-5X2A7KQ3.js`, for the one in a page, `main.js`. */
function nameBuilt(/** @type {string} */ page, /** @type {string} */ name) {
  return page.replace(`"${name.replace(/-[A-Z0-9]{8}\./, ".")}"`, `"${name}"`);
}

/** The OpenAPI document as a file: a Worker serves the folder as static assets, and bundles no document. */
async function writeDocument() {
  const { openApiDocument } = await import(pathToFileURL("dist/src/exports/openapi.js").href);
  mkdirSync(join(CONSOLE_FOLDER, "v1"), { recursive: true });
  writeFileSync(join(CONSOLE_FOLDER, "v1/openapi.json"), JSON.stringify(openApiDocument()));
}
