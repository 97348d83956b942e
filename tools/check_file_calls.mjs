/**
 * Why: closing any descriptor of a file drops all locks that the process holds on it, SQLite's among them.
 * Another process can then delete the log of a living connection, and acknowledged commits are lost
 * (`test/process/dropped_locks_test.ts`). So no code of the package opens, reads or copies a database, its
 * log or its shared memory. This check allows the calls of `node:fs` that open nothing, and these places:
 *
 * - `file_path.ts` creates a file that does not exist, with the flags `wx`;
 * - `witness_file.ts` opens the witness, whose name it makes itself;
 * - `snapshot_folder.ts` and `scheduled_backups.ts` create files that do not exist, with the flags `wx`;
 * - `disk_folder.ts` of the importers opens JSON files and their older copies, by the ends of their names.
 *
 * Unit tests (`*_test.ts`) are exempt, and `src/baileys_wasm`: a program of its own, which opens no account.
 * So is `src/cli/holdfast/files.ts`, the files of a user beside databases: it refuses to open a database. The
 * comparison of `npm start` makes temporary folders in a process that opens no database, and prints lines.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { sourceFiles } from "./lib/sources.mjs";

const FOLDER = "src/adapters/sqlite_file";

/** The file that takes `node:fs` from the host and declares the calls of it. */
const BRIDGE = `${FOLDER}/host_modules.ts`;

/** The same for folders of JSON files. */
const FOLDER_BRIDGE = "src/importers/host_files.ts";

/** The same for new files, which are created and never opened. */
const NEW_FILES_BRIDGE = "src/transfer/host_modules.ts";

const BRIDGES = new Set([BRIDGE, FOLDER_BRIDGE, NEW_FILES_BRIDGE]);

/** Calls that open a file, or read, write, copy or replace its content, without `Sync`. */
const CALLS = [
  "appendFile",
  "copyFile",
  "cp",
  "createReadStream",
  "createWriteStream",
  "link",
  "open",
  "openAsBlob",
  "readFile",
  "rename",
  "rm",
  "symlink",
  "truncate",
  "unlink",
  "writeFile",
];

/** Calls on an open descriptor. */
const DESCRIPTOR_CALLS = ["close", "fsync", "ftruncate", "read", "readv", "write", "writev"];

/** The forms of the calls whose names nothing else has. */
const FORBIDDEN = new Set([
  ...[...CALLS, ...DESCRIPTOR_CALLS].map((name) => `${name}Sync`),
  ...CALLS.filter((name) => /File$|Stream$|Blob$/.test(name)),
]);

const FILE_MODULES = new Set(["node:fs", "fs", "node:fs/promises", "fs/promises"]);

/** Folder of a program that opens no account. */
const PROGRAM = "src/baileys_wasm/";

/** The file of the command line that opens what is no database. */
const USER_FILES = "src/cli/holdfast/files.ts";

/** Files of the command line that make a temporary folder, and write to standard output. */
const COMPARISON = ["src/cli/comparison/compare.ts", "src/cli/comparison/print_line.ts"];

const EXEMPT = new Set([USER_FILES, ...COMPARISON]);

/** Names that the command line may import. */
const COMMAND_LINE_IMPORTS = new Set(["statSync"]);

/**
 * @typedef {(call: ts.CallExpression) => boolean} Rule
 * @type {Record<string, Record<string, Rule>>} allowed calls by file
 */
const ALLOWED = {
  [`${FOLDER}/file_path.ts`]: {
    openSync: ({ arguments: [, flags] }) =>
      flags !== undefined && ts.isStringLiteral(flags) && flags.text === "wx",
    closeSync: ({ arguments: [descriptor] }) =>
      descriptor !== undefined &&
      ts.isCallExpression(descriptor) &&
      ts.isPropertyAccessExpression(descriptor.expression) &&
      descriptor.expression.name.text === "openSync",
  },
  [`${FOLDER}/witness_file.ts`]: {
    openSync: ({ arguments: [path] }) => path?.getText() === "this.path",
    closeSync: () => true,
    readSync: () => true,
    writeSync: () => true,
  },
  "src/transfer/scheduled_backups.ts": {
    // Of a file that was created.
    writeFile: ({ expression }) => expression.getText() === "file.writeFile",
  },
  "src/transfer/snapshot_folder.ts": {
    // Of a file that was created.
    writeFile: ({ expression }) => expression.getText() === "file.writeFile",
  },
  "src/importers/disk_folder.ts": {
    // `place` is called after the check of the name.
    readFile: ({ arguments: [path] }) => path?.getText() === "place(name)",
    writeFile: ({ arguments: [path, , options] }) =>
      path?.getText() === "place(name)" && options?.getText().includes('flag: "wx"') === true,
  },
};

/**
 * @param {string} root folder that has `src` and `mod.ts`
 * @returns {string[]} one line per violation, `file:line message`, sorted
 */
export function checkFileCalls(root) {
  /** @type {string[]} */
  const violations = [];
  for (const file of sourceFiles(root)) {
    if (file.startsWith(PROGRAM) || EXEMPT.has(file)) continue;
    const text = readFileSync(join(root, file), "utf8");
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    const report = (/** @type {ts.Node} */ node, /** @type {string} */ message) => {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      violations.push(`${file}:${line + 1} ${message}`);
    };
    const visit = (/** @type {ts.Node} */ node) => {
      checkModule(file, node, report);
      checkName(file, node, report);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return violations.sort();
}

/**
 * Reports the name of a module for files, except in the bridge and in imports of the command line.
 *
 * @param {string} file
 * @param {ts.Node} node
 * @param {(node: ts.Node, message: string) => void} report
 */
function checkModule(file, node, report) {
  if (!ts.isStringLiteralLike(node) || !FILE_MODULES.has(node.text) || BRIDGES.has(file)) return;
  const declaration = node.parent;
  if (file.startsWith("src/cli/") && ts.isImportDeclaration(declaration)) {
    const bindings = declaration.importClause?.namedBindings;
    const isNamed = bindings !== undefined && ts.isNamedImports(bindings);
    if (isNamed && declaration.importClause?.name === undefined) {
      for (const { name, propertyName } of bindings.elements) {
        const imported = (propertyName ?? name).text;
        if (!COMMAND_LINE_IMPORTS.has(imported))
          report(node, `${imported} of ${node.text} may open a database`);
      }
      return;
    }
  }
  report(node, `${node.text} is taken in ${BRIDGE} only`);
}

/**
 * Reports the name of a call that may open a file.
 *
 * @param {string} file
 * @param {ts.Node} node
 * @param {(node: ts.Node, message: string) => void} report
 */
function checkName(file, node, report) {
  const name = ts.isIdentifier(node) || ts.isStringLiteralLike(node) ? node.text : "";
  if (!FORBIDDEN.has(name) || BRIDGES.has(file)) return;
  const call = node.parent.parent;
  const rule = ALLOWED[file]?.[name];
  const isCall =
    ts.isPropertyAccessExpression(node.parent) &&
    node.parent.name === node &&
    ts.isCallExpression(call) &&
    call.expression === node.parent;
  if (rule !== undefined && isCall && rule(call)) return;
  report(node, `${name} may open a database, which would drop its locks`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const violations = checkFileCalls(process.cwd());
  for (const violation of violations) console.error(violation);
  if (violations.length > 0) process.exitCode = 1;
}
