import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as installed from "whatsapp-rust-bridge";
import { moduleFormOf, readModuleForm } from "./rust_bridge.ts";

const BRIDGE = resolve("node_modules/whatsapp-rust-bridge");
const SOURCE = readFileSync(join(BRIDGE, "dist/index.js"), "utf8");

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rust-bridge-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Installs a package by a link, or a package with another manifest and source. */
function install(name: string, from: string | { version: string; source?: string }): void {
  const path = join(folder, "node_modules", name);
  mkdirSync(dirname(path), { recursive: true });
  if (typeof from === "string") {
    symlinkSync(from, path);
    return;
  }
  cpSync(BRIDGE, path, { recursive: true });
  writeFileSync(join(path, "package.json"), JSON.stringify({ version: from.version }));
  if (from.source !== undefined) writeFileSync(join(path, "dist/index.js"), from.source);
}

/** A package without files besides its manifest, which is no link: its dependencies are found beside it. */
function installBaileys(): void {
  mkdirSync(join(folder, "node_modules/baileys"), { recursive: true });
  writeFileSync(join(folder, "node_modules/baileys/package.json"), "{}");
}

describe("readModuleForm", () => {
  test("gives the functions of the installed package", async () => {
    install("baileys", resolve("node_modules/baileys"));
    const { source, wasm } = readModuleForm(folder, "bridge.wasm");
    expect(source.length).toBeLessThan(100_000);
    // Node compiles what the bundler would import.
    const [first = "", ...lines] = source.split("\n");
    expect(first).toBe('import compiledModule from "./bridge.wasm";');
    const path = join(folder, "bridge.mjs");
    writeFileSync(join(folder, "bridge.wasm"), wasm);
    const compile = `import { readFileSync } from "node:fs";
      const compiledModule = new WebAssembly.Module(readFileSync(${JSON.stringify(join(folder, "bridge.wasm"))}));`;
    writeFileSync(path, [compile, ...lines].join("\n"));
    const made = (await import(path)) as typeof installed;
    expect(Object.keys(made).sort()).toEqual(Object.keys(installed).sort());
    const [key, bytes] = [new Uint8Array(32).fill(7), new Uint8Array([1, 2, 3])];
    expect(made.md5(bytes)).toEqual(installed.md5(bytes));
    expect(made.hkdf(key, 64, { info: "a" })).toEqual(installed.hkdf(key, 64, { info: "a" }));
    expect(made.expandAppStateKeys(key).indexKey).toEqual(installed.expandAppStateKeys(key).indexKey);
  });

  test("refuses a project without Baileys", () => {
    expect(() => readModuleForm(folder, "bridge.wasm")).toThrow(
      /^find baileys: not in a node_modules of .* Install baileys@7\.0\.0-rc14$/,
    );
  });

  test("refuses a Baileys without the package", () => {
    installBaileys();
    expect(() => readModuleForm(folder, "bridge.wasm")).toThrow(/^find whatsapp-rust-bridge: not in/);
  });

  test("refuses another version of the package", () => {
    installBaileys();
    install("whatsapp-rust-bridge", { version: "0.6.0" });
    expect(() => readModuleForm(folder, "bridge.wasm")).toThrow(
      /^read whatsapp-rust-bridge: version 0\.6\.0 is not 0\.5\.4, .* Install baileys@7\.0\.0-rc14$/,
    );
  });

  test("refuses a changed source under the known version", () => {
    installBaileys();
    install("whatsapp-rust-bridge", { version: "0.5.4", source: "export const nothing = 1;" });
    expect(() => readModuleForm(folder, "bridge.wasm")).toThrow(/its source is not that of version 0\.5\.4/);
  });
});

describe("moduleFormOf", () => {
  test("refuses WebAssembly that is damaged", () => {
    const damaged = SOURCE.replace('tryInit("AGFzbQ', 'tryInit("BGFzbQ');
    expect(damaged).not.toBe(SOURCE);
    expect(() => moduleFormOf(damaged, "bridge.wasm")).toThrow(/its WebAssembly is damaged/);
  });

  test("refuses a source with two such places", () => {
    expect(() => moduleFormOf(SOURCE + SOURCE, "bridge.wasm")).toThrow(/its source is not/);
  });
});
