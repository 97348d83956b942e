import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

/**
 * Imports a TypeScript module of this project, which not every supported Node can: esbuild bundles it first.
 *
 * @param {string} path
 * @returns {Promise<Record<string, unknown>>} its exports
 */
export async function importBundled(path) {
  // Inside node_modules, so that the bundle resolves packages as the sources do.
  const folder = resolve("node_modules/.cache/holdfast-bundled", String(process.pid));
  mkdirSync(folder, { recursive: true });
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const outfile = join(folder, "main.mjs");
  await build({
    entryPoints: [path],
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    logLevel: "warning",
  });
  return await import(pathToFileURL(outfile).href);
}
