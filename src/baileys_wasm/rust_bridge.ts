import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/** The package that contains Baileys' WebAssembly, and its version that is known here. */
const PACKAGE = "whatsapp-rust-bridge";
const VERSION = "0.5.4";

/** The version of Baileys that depends on it. */
const BAILEYS = "baileys@7.0.0-rc14";

/** The place where the package compiles one of its two modules from text. A Worker may not compile any. */
const START =
  /if \(simdSupported && tryInit\("([A-Za-z0-9+/=]+)"\)\) \{\s*simdUsed = true;\s*\} else \{\s*initSync\(\{ module: base64ToUint8Array\("[A-Za-z0-9+/=]+"\) \}\);\s*\}/g;

/** What replaces it: the module that the bundler has compiled. */
const REPLACEMENT = "initSync({ module: compiledModule });\nsimdUsed = true;";

/** The module form of the package. */
export interface ModuleForm {
  /** The package's JavaScript, which imports the WebAssembly from the file `wasmFile`. */
  readonly source: string;
  readonly wasm: Uint8Array<ArrayBuffer>;
}

/**
 * Makes the module form of the WebAssembly in a project's own `node_modules`.
 *
 * @param folder Folder of the project.
 * @param wasmFile Name of the file that the source imports.
 * @throws {Error} When Baileys or the package is missing, or is not the version that is known here.
 */
export function readModuleForm(folder: string, wasmFile: string): ModuleForm {
  const baileys = packageFolder("baileys", folder);
  const bridge = packageFolder(PACKAGE, baileys);
  const { version } = JSON.parse(readFileSync(join(bridge, "package.json"), "utf8")) as { version?: unknown };
  if (version !== VERSION) {
    throw new Error(
      `read ${PACKAGE}: version ${String(version)} is not ${VERSION}, the one of ${BAILEYS}. Install ${BAILEYS}`,
    );
  }
  return moduleFormOf(readFileSync(join(bridge, "dist/index.js"), "utf8"), wasmFile);
}

/**
 * Separates the WebAssembly from the package's JavaScript.
 *
 * @throws {Error} When the source has another form than the known version.
 */
export function moduleFormOf(source: string, wasmFile: string): ModuleForm {
  const found = [...source.matchAll(START)];
  const [start, text] = found[0] ?? [];
  if (found.length !== 1 || start === undefined || text === undefined) {
    throw new Error(
      `read ${PACKAGE}: its source is not that of version ${VERSION}. Install ${BAILEYS} again`,
    );
  }
  const wasm = Uint8Array.from(Buffer.from(text, "base64"));
  if (!WebAssembly.validate(wasm)) {
    throw new Error(`read ${PACKAGE}: its WebAssembly is damaged. Install ${BAILEYS} again`);
  }
  const [before = "", after = ""] = source.split(start);
  const head = `import compiledModule from ${JSON.stringify(`./${wasmFile}`)};\n`;
  return { source: `${head}${before}${REPLACEMENT}${after}`, wasm };
}

/** Folder of an installed package, as Node finds it from another folder. @throws {Error} When it is missing. */
function packageFolder(name: string, from: string): string {
  for (let folder = realpathSync(from); ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return realpathSync(candidate);
    if (folder === dirname(folder)) {
      throw new Error(`find ${name}: not in a node_modules of ${from} or above. Install ${BAILEYS}`);
    }
  }
}
