/**
 * `npm run build`: the incremental build of dist, which does nothing without changes. It removes output files
 * without a source, which would otherwise be packed. `--fresh` writes every file again: `npm pack` and
 * `npm publish` run that, also in a fresh clone.
 */

import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "./lib/run.mjs";

if (process.argv.includes("--fresh")) rmSync("dist/.tsbuildinfo", { force: true });
const { code, output } = await run("tsc", ["-p", "tsconfig.build.json"]);
process.stdout.write(output);
if (code === 0) removeStale();
process.exitCode = code;

function removeStale() {
  for (const path of readdirSync("dist", { recursive: true, encoding: "utf8" })) {
    const built = /^(.+?)\.(?:js|d\.ts)(?:\.map)?$/.exec(path);
    if (built !== null && !existsSync(`${built[1]}.ts`)) rmSync(join("dist", path));
  }
}
