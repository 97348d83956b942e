/**
 * `npm run build`: the incremental build of dist, which does nothing without changes. It removes output files
 * without a source, which would otherwise be packed. `--fresh` writes every file again: `npm pack` and
 * `npm publish` run that, also in a fresh clone.
 *
 * The subpaths are bundled for servers, which import them faster then.
 *
 * The program `holdfast` is bundled into one file, so that `npx`, `bunx` and `deno run` start it without its
 * own dependencies, and beside it the Worker that `holdfast dev` runs.
 */

import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { PROGRAM_BUILD, SERVER_BUILD, SERVER_FOLDER, WORKER_BUILD } from "./lib/program_build.mjs";
import { run } from "./lib/run.mjs";

if (process.argv.includes("--fresh")) rmSync("dist/.tsbuildinfo", { force: true });
const { code, output } = await run("tsc", ["-p", "tsconfig.build.json"]);
process.stdout.write(output);
if (code === 0) {
  removeStale();
  await bundleForServers();
  await bundleProgram();
}
process.exitCode = code;

function removeStale() {
  for (const path of readdirSync("dist", { recursive: true, encoding: "utf8" })) {
    if (path.startsWith("node/")) continue;
    const built = /^(.+?)\.(?:js|d\.ts)(?:\.map)?$/.exec(path);
    if (built !== null && !existsSync(`${built[1]}.ts`)) rmSync(join("dist", path));
  }
}

/** Files that are equal stay, since another process may be importing them. */
async function bundleForServers() {
  const { metafile } = await build({ ...SERVER_BUILD, metafile: true });
  const built = new Set(Object.keys(metafile.outputs));
  for (const path of readdirSync(SERVER_FOLDER, { recursive: true, encoding: "utf8" })) {
    const file = `${SERVER_FOLDER}/${path.replaceAll("\\", "/")}`;
    if (/\.(?:js|map)$/.test(file) && !built.has(file)) rmSync(file);
  }
}

async function bundleProgram() {
  await build(PROGRAM_BUILD);
  await build(WORKER_BUILD);
}
