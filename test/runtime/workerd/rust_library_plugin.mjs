/**
 * The Rust library contains its WebAssembly as text and compiles it on load, which workerd forbids. For tests
 * inside workerd the same bytes become a module beside the library, as in a deployed Worker.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const LIBRARY = "whatsapp-rust-bridge";

/** Not a file name, so that no other plugin resolves it. */
const ID = `\0${LIBRARY}`;

const WASM = resolve("node_modules/.cache/holdfast-chaos/rust_library.wasm");

/** The place where the library compiles one of two modules. Every host can run the second one. */
const START =
  /if \(simdSupported && tryInit\("[^"]*"\)\) \{[^}]*\} else \{\s*initSync\(\{ module: base64ToUint8Array\("([^"]*)"\) \}\);\s*\}/;

/** Resolves the library for tests inside workerd. @returns {import("vite").Plugin} */
export function rustLibraryPlugin() {
  return {
    name: "holdfast:rust-library",
    enforce: "pre",
    resolveId: (id) => (id === LIBRARY ? ID : undefined),
    load(id) {
      if (id !== ID) return undefined;
      const source = readFileSync(fileURLToPath(import.meta.resolve(LIBRARY)), "utf8");
      const text = START.exec(source)?.[1];
      if (text === undefined) throw new Error(`${LIBRARY}: the compile step was not found`);
      mkdirSync(dirname(WASM), { recursive: true });
      writeFileSync(WASM, Buffer.from(text, "base64"));
      return `import module from ${JSON.stringify(WASM)};\n${source.replace(START, "initSync({ module });")}`;
    },
  };
}
