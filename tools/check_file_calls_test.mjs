import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkFileCalls } from "./check_file_calls.mjs";

/** @type {string} */
let root;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "file-calls-"));
});

afterEach(() => rmSync(root, { recursive: true }));

/** @param {string} file @param {string} text */
function check(file, text) {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
  return checkFileCalls(root);
}

const FOLDER = "src/adapters/sqlite_file";

describe("checkFileCalls", () => {
  test.each([
    [`${FOLDER}/host_modules.ts`, 'export const files = builtinModule("node:fs");'],
    [`${FOLDER}/file_identity.ts`, "files.statSync(path, { bigint: true }); files.chmodSync(path, 0o600);"],
    [`${FOLDER}/file_path.ts`, 'files.closeSync(files.openSync(path, "wx", 0o600));'],
    [`${FOLDER}/witness_file.ts`, 'files.readSync(files.openSync(this.path, "r+"), bytes);'],
    [`${FOLDER}/open_files_test.ts`, 'import { readFileSync } from "node:fs"; readFileSync(path);'],
    ["src/cli/main.ts", 'import { statSync } from "node:fs";'],
    ["src/baileys_wasm/main.ts", 'import { readFileSync } from "node:fs"; readFileSync(path);'],
    ["src/service/registry.ts", "await registry.open(name); storage.transactionSync(run); queue.read();"],
  ])("accepts %s: %s", (file, text) => {
    expect(check(file, text)).toEqual([]);
  });

  test.each([
    [`${FOLDER}/open_files.ts`, 'files.openSync(path, "r");'],
    [`${FOLDER}/open_files.ts`, 'files["copyFileSync"](path, copy);'],
    [`${FOLDER}/open_files.ts`, "const { readFileSync } = files;"],
    [`${FOLDER}/open_files.ts`, "await promises.readFile(path);"],
    [`${FOLDER}/file_path.ts`, 'files.openSync(path, "r+");'],
    [`${FOLDER}/file_path.ts`, "files.closeSync(descriptor);"],
    [`${FOLDER}/witness_file.ts`, 'files.openSync(database, "r+");'],
    [`${FOLDER}/witness_file.ts`, "files.readFileSync(this.path);"],
    ["src/adapters/libsql/open_driver.ts", 'builtinModule("node:fs");'],
    ["src/cli/main.ts", 'import { copyFileSync } from "node:fs";'],
    ["src/cli/main.ts", 'import * as fs from "node:fs";'],
    ["src/cli/main.ts", 'import fs from "node:fs/promises";'],
  ])("rejects in %s: %s", (file, text) => {
    expect(check(file, text).length).toBeGreaterThan(0);
  });
});
