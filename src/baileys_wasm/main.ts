#!/usr/bin/env node
/**
 * `holdfast-baileys-wasm [folder]`: writes the module form of Baileys' WebAssembly, which a Worker can load.
 * It is made from the project's own node_modules. Run it in the project's folder, for example as the build
 * command of `wrangler.toml`.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readModuleForm } from "./rust_bridge.ts";

/** The folder that is written. */
const DEFAULT_FOLDER = ".holdfast";

/** Names of the written files. */
const SOURCE_FILE = "whatsapp-rust-bridge.js";
const WASM_FILE = "whatsapp-rust-bridge.wasm";

const USAGE = `Usage: holdfast-baileys-wasm [folder]

Writes ${SOURCE_FILE} and ${WASM_FILE}, made from the installed Baileys, into a folder
(${DEFAULT_FOLDER} by default).`;

function main(parameters: readonly string[]): number {
  const [folder = DEFAULT_FOLDER, ...rest] = parameters;
  if (folder === "--help" || folder === "-h") {
    console.log(USAGE);
    return 0;
  }
  if (folder.startsWith("-") || rest.length > 0) {
    console.error(USAGE);
    return 2;
  }
  try {
    const { source, wasm } = readModuleForm(process.cwd(), WASM_FILE);
    mkdirSync(folder, { recursive: true });
    const changed = [
      writeChanged(join(folder, SOURCE_FILE), Buffer.from(source)),
      writeChanged(join(folder, WASM_FILE), wasm),
    ];
    if (changed.includes(true)) console.log(`wrote ${SOURCE_FILE} and ${WASM_FILE} in ${folder}`);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

/** Writes a file if it has changed, so that nothing that watches it starts again. @returns Whether it did. */
function writeChanged(path: string, bytes: Uint8Array): boolean {
  if (existsSync(path) && Buffer.compare(readFileSync(path), bytes) === 0) return false;
  writeFileSync(path, bytes);
  return true;
}

process.exitCode = main(process.argv.slice(2));
