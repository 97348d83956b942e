import { readFileSync } from "node:fs";

/** @type {{version: string, exports: Record<string, {node?: string}>}} */
const { version, exports } = JSON.parse(readFileSync("package.json", "utf8"));

const SHARED = /** @type {const} */ ({
  bundle: true,
  minify: true,
  format: "esm",
  // An error that is not caught prints the line that it comes from.
  lineLimit: 160,
  legalComments: "inline",
  logLevel: "warning",
});

/** How the program `holdfast` is bundled. @satisfies {import("esbuild").BuildOptions} */
export const PROGRAM_BUILD = {
  ...SHARED,
  entryPoints: ["src/cli/holdfast/main.ts"],
  outfile: "dist/holdfast.mjs",
  platform: /** @type {const} */ ("node"),
  target: "node20",
  // Servers are reached by fetch. Files are opened by the package libsql, which is looked up at run time.
  alias: { "@libsql/client": "@libsql/client/web" },
  external: ["miniflare"],
  define: { HOLDFAST_VERSION: JSON.stringify(version) },
  // The parser is written in CommonJS.
  banner: {
    js: 'import { createRequire as createRequireHere } from "node:module"; const require = createRequireHere(import.meta.url);',
  },
};

/** How the Worker that it runs is bundled. @satisfies {import("esbuild").BuildOptions} */
export const WORKER_BUILD = {
  ...SHARED,
  entryPoints: ["src/cloudflare/main.ts"],
  outfile: "dist/holdfast_worker.mjs",
  target: "es2022",
  external: ["cloudflare:*"],
};

/** The folder of the console's pages. */
export const CONSOLE_FOLDER = "dist/console";

/**
 * How the console's pages are bundled. Their names have a hash of the content, so that a browser may keep them.
 *
 * @satisfies {import("esbuild").BuildOptions}
 */
export const CONSOLE_BUILD = {
  entryPoints: ["console/main.tsx"],
  outdir: CONSOLE_FOLDER,
  entryNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: /** @type {const} */ ("esm"),
  target: ["chrome119", "firefox121", "safari17.2"],
  tsconfig: "console/tsconfig.json",
  charset: /** @type {const} */ ("utf8"),
  legalComments: /** @type {const} */ ("none"),
  logLevel: "warning",
};

/** The folder of the modules for servers. */
export const SERVER_FOLDER = "dist/node";

/**
 * How the subpaths are bundled for servers, into one file each and what they share. A server reads every
 * module from its disk, and importing two hundred took three times as long. Bundlers take the separate
 * modules instead, of which they leave out what is not used.
 *
 * @satisfies {import("esbuild").BuildOptions}
 */
export const SERVER_BUILD = {
  entryPoints: Object.values(exports).flatMap(({ node }) => (node === undefined ? [] : [serverSource(node)])),
  outdir: SERVER_FOLDER,
  outbase: ".",
  chunkNames: "shared/[hash]",
  bundle: true,
  splitting: true,
  format: /** @type {const} */ ("esm"),
  target: "es2022",
  packages: /** @type {const} */ ("external"),
  // The sources are part of the package.
  sourcemap: true,
  sourcesContent: false,
  logLevel: "warning",
};

/** The source of a module for servers. @param {string} built */
function serverSource(built) {
  return built.replace(/^\.\/dist\/node\//, "").replace(/\.js$/, ".ts");
}
