// @ts-self-types="./bundle_size.d.mts"
/** How large a module is for those who bundle it. */

import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/**
 * Size of a module with everything that it imports, minified and gzipped at the highest level.
 *
 * @param {string} entryPoint
 * @param {readonly string[]} [external] Packages that are left out. Modules of the platforms always are.
 * @returns {Promise<number>} Bytes.
 */
export async function gzippedBytes(entryPoint, external = []) {
  const { outputFiles } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    logLevel: "error",
    external: ["cloudflare:*", "node:*", "bun:*", ...external],
  });
  return outputFiles.reduce((total, file) => total + gzipSync(file.contents, { level: 9 }).length, 0);
}
