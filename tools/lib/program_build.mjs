import { readFileSync } from "node:fs";
import { pureInitializers } from "./pure_initializers.mjs";

/** @type {{version: string, exports: Record<string, {default: string}>}} */
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
  entryPoints: ["console/main.tsx", "console/api_page.tsx"],
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

/** How the program that makes Baileys' WebAssembly a module is bundled. */
export const WASM_BUILD = {
  ...SHARED,
  entryPoints: ["src/baileys_wasm/main.ts"],
  outfile: "dist/holdfast_baileys_wasm.mjs",
  platform: /** @type {const} */ ("node"),
  target: "node20",
};

/** The folder of what several subpaths share. */
export const SHARED_FOLDER = "dist/shared";

/**
 * How the subpaths are bundled, into one file each and what they share: see docs/design/layers.md. It takes the
 * place of what the compiler has written there.
 *
 * @satisfies {import("esbuild").BuildOptions}
 */
export const DOOR_BUILD = {
  entryPoints: Object.values(exports).map(({ default: built }) => sourceOf(built)),
  outdir: "dist",
  outbase: ".",
  chunkNames: "shared/[hash]",
  bundle: true,
  splitting: true,
  format: /** @type {const} */ ("esm"),
  target: "es2022",
  packages: /** @type {const} */ ("external"),
  external: ["cloudflare:*"],
  plugins: [pureInitializers],
  logLevel: "warning",
};

/** The source of a module. @param {string} built */
function sourceOf(built) {
  return built.replace(/^\.\/dist\//, "").replace(/\.js$/, ".ts");
}
