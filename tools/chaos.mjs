/**
 * Why: faults of Signal state after crashes, failing commits and second owners appear only in thousands of
 * random steps, more than `npm test` has time for. `npm run chaos -- --seeds 64 --steps 5000` runs them; see
 * test/chaos/main.ts for the options.
 *
 * The program is TypeScript, which not every supported Node runs: esbuild bundles it first.
 */

import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

/** Inside node_modules, so that the bundle resolves packages as the sources do. */
const BUNDLES = resolve("node_modules/.cache/holdfast-chaos", String(process.pid));
const bundle = join(BUNDLES, "main.mjs");

mkdirSync(BUNDLES, { recursive: true });
process.on("exit", () => rmSync(BUNDLES, { recursive: true, force: true }));
await build({
  entryPoints: ["test/chaos/main.ts"],
  outfile: bundle,
  bundle: true,
  packages: "external",
  platform: "node",
  format: "esm",
  target: "node20",
  sourcemap: "inline",
  logLevel: "warning",
});
await import(pathToFileURL(bundle).href);
