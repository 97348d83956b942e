/**
 * Why: Holdfast runs on four runtimes because most of its code uses none of their APIs, and it stays readable
 * because imports point in one direction. This check rejects every exception. It enforces, for src/ and
 * mod.ts:
 *
 * - an import points to a lower layer (or stays in its folder), siblings do not import each other, and files
 *   form no cycle, including type imports;
 * - adapters import only contracts, testing imports no adapter, nothing imports a composition root;
 * - only its folder imports a file that begins with `_`, and only src/ports/mod.ts imports
 *   src/ports/system.ts;
 * - package imports are in the list of the layer;
 * - no host name, clock, timer or random source outside of src/ports/system.ts, no global augmentation, and
 *   no statement that runs at import time.
 *
 * Unit tests (`*_test.ts`) are exempt: they may import fakes and the memory adapter.
 */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { sourceFiles } from "./lib/sources.mjs";

/** Folders of src from the bottom up. Each row imports only from earlier rows. */
const ROWS = [
  ["attachments", "bytes", "errors"],
  ["ports", "addresses", "protobuf", "rules"],
  ["records", "passphrase"],
  ["backend", "ratchet"],
  ["protocol"],
  ["write_behind", "cache", "sealing"],
  ["directory/lid", "directory/devices", "directory/groups"],
  ["device", "signal"],
  ["account"],
  ["directory", "message_log", "metrics", "transfer", "verify"],
  ["service", "baileys"],
  ["http", "importers"],
  ["console", "openapi"],
];

/** The only folders that use host APIs. They import anything; only doors import them. */
const ROOTS = ["cloudflare", "worker", "cli", "baileys_object", "baileys_wasm"];

/** The folder that imports a module of one runtime. It imports `worker`, and only its door imports it. */
const PLATFORM = { layer: "cloudflare", base: "worker", door: "src/exports/cloudflare.ts" };

/** The layer that `cli` alone imports: it must not get into the Worker or into a subpath. */
const CONSOLE = "console";

/** The doors, one file per public subpath. They import anything; only mod.ts imports them. */
const DOORS = "exports";

/** Layers that adapters and the conformance kit may import. */
const CONTRACTS = ["bytes", "errors", "ports", "addresses", "rules", "records", "backend", "protocol"];

/** The adapters that an adapter may import. Every other adapter is a driver of `sqlite`. */
const BASES = {
  memory: [],
  remote: [],
  sqlite: [],
  sqlite_file: ["sqlite"],
  durable_object: ["sqlite"],
  d1: ["sqlite", "sqlite_file", "durable_object"],
};

/** The adapters that a driver may import. */
const DRIVER_BASES = ["sqlite", "sqlite_file"];

const CORE_PACKAGES = ["@noble/ed25519", "@noble/hashes"];

/** @type {Record<string, string[]>} */
const PACKAGES = {
  bytes: [],
  errors: [],
  ports: [],
  protobuf: [],
  records: [],
  // Every other adapter imports no package.
  "adapters/libsql": ["@libsql/client"],
  http: [...CORE_PACKAGES, "hono"],
  console: [],
  cloudflare: ["cloudflare:workers"],
  baileys_object: ["node:buffer", "node:events"],
  baileys_wasm: ["node:*"],
  testing: [],
  cli: [
    ...CORE_PACKAGES,
    "@clack/prompts",
    "@hono/node-server",
    "baileys",
    "commander",
    "esbuild",
    "miniflare",
    "node:*",
  ],
};

const SYSTEM_PORT = "src/ports/system.ts";

/**
 * Files that may use host names: Baileys accepts private keys only as Node's `Buffer`, an asynchronous
 * context needs `node:async_hooks`, file access needs built-in modules of the host, sealing its fastest
 * cipher, and workerd is told apart by its name.
 */
const HOST_BRIDGES = [
  "src/ports/builtin_module.ts",
  "src/ports/workerd.ts",
  "src/baileys/host_bytes.ts",
  "src/adapters/sqlite_file/host_modules.ts",
  "src/sealing/host_crypto.ts",
  "src/importers/host_files.ts",
];

const HOST_NAMES = new Set(["Buffer", "process", "require", "Deno", "Bun", "globalThis", "self", "window"]);
const TIME_AND_CHANCE = new Set([
  "setTimeout",
  "clearTimeout",
  "setInterval",
  "clearInterval",
  "setImmediate",
  "performance",
  "crypto",
]);

/**
 * Checks the tree under `root`.
 *
 * @param {string} root folder that holds `src` and `mod.ts`
 * @returns {string[]} one line per violation, `file:line message`, sorted; empty when the tree is clean
 */
export function checkLayers(root) {
  const files = sourceFiles(root);
  /** @type {string[]} */
  const violations = [];
  /** @type {Map<string, string[]>} */
  const graph = new Map();
  for (const file of files) {
    const source = ts.createSourceFile(
      file,
      readFileSync(join(root, file), "utf8"),
      ts.ScriptTarget.Latest,
      true,
    );
    const report = (/** @type {ts.Node} */ node, /** @type {string} */ message) => {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      violations.push(`${file}:${line + 1} ${message}`);
    };
    graph.set(file, checkImports(root, file, source, report));
    checkNames(file, source, report);
    checkStatements(file, source, report);
  }
  for (const cycle of cycles(graph)) violations.push(`${cycle[0]}:1 import cycle: ${cycle.join(" -> ")}`);
  return violations.sort();
}

/**
 * The layer of a file: a folder of src, `adapters/<name>`, `directory/<name>`, or `mod.ts` for the package's
 * root.
 *
 * @param {string} file
 */
function layerOf(file) {
  const parts = file.split("/");
  if (parts[0] !== "src") return file;
  const nested = parts.length > 3 && (parts[1] === "adapters" || parts[1] === "directory");
  return nested ? `${parts[1]}/${parts[2]}` : (parts[1] ?? file);
}

/**
 * @param {string} layer
 * @returns {Set<string> | "anything" | undefined} other layers that it may import; undefined when the layer
 * is unknown
 */
function allowedLayers(layer) {
  if (ROOTS.includes(layer) || layer === DOORS) return "anything";
  if (layer === "testing") return new Set(CONTRACTS);
  if (layer === "mod.ts") return new Set([DOORS]);
  if (layer.startsWith("adapters/")) {
    const name = layer.slice("adapters/".length);
    const bases = BASES[/** @type {keyof typeof BASES} */ (name)] ?? DRIVER_BASES;
    return new Set([...CONTRACTS, ...bases.map((base) => `adapters/${base}`)]);
  }
  const row = ROWS.findIndex((names) => names.includes(layer));
  return row === -1 ? undefined : new Set(ROWS.slice(0, row).flat());
}

/**
 * @param {string} root
 * @param {string} file
 * @param {ts.SourceFile} source
 * @param {(node: ts.Node, message: string) => void} report
 * @returns {string[]} files of the project that `file` imports, for values or types
 */
function checkImports(root, file, source, report) {
  const layer = layerOf(file);
  const allowed = allowedLayers(layer);
  if (allowed === undefined)
    report(source, `unknown layer ${layer}: name its place in tools/check_layers.mjs`);
  /** @type {string[]} */
  const targets = [];
  for (const { node, specifier } of importsOf(source)) {
    if (!specifier.startsWith(".")) {
      checkPackage(layer, specifier, (message) => report(node, message));
      continue;
    }
    const target = relative(root, resolve(root, dirname(file), specifier))
      .split(sep)
      .join("/");
    if (!existsSync(join(root, target)) || !target.endsWith(".ts")) {
      report(node, `import of ${specifier}: no such .ts file`);
      continue;
    }
    targets.push(target);
    checkTarget(file, target, allowed, (message) => report(node, message));
  }
  return targets;
}

/**
 * @param {string} file
 * @param {string} target
 * @param {ReturnType<typeof allowedLayers>} allowed
 * @param {(message: string) => void} report
 */
function checkTarget(file, target, allowed, report) {
  const from = layerOf(file);
  const to = layerOf(target);
  const name = target.slice(target.lastIndexOf("/") + 1);
  if (target === SYSTEM_PORT && file !== "src/ports/mod.ts")
    report(`${SYSTEM_PORT} is imported only by src/ports/mod.ts`);
  if (name.startsWith("_") && dirname(file) !== dirname(target)) report(`${target} is private to its folder`);
  if (target.endsWith("_test.ts")) report(`${target} is a test`);
  if (from === to || allowed === undefined) return;
  const isBase = from === PLATFORM.layer && to === PLATFORM.base;
  if (ROOTS.includes(to) && from !== DOORS && !isBase) report(`nothing imports the composition root ${to}`);
  else if (to === PLATFORM.layer && file !== PLATFORM.door)
    report(`${to} runs on one platform: only ${PLATFORM.door} imports it`);
  else if (to === CONSOLE && from !== "cli") report(`${to} is no part of the Worker: only cli imports it`);
  else if (to === DOORS && from !== "mod.ts")
    report(`${target} is a public door: import the folder's mod.ts`);
  else if (to === "mod.ts") report("mod.ts is not imported from inside");
  else if (allowed !== "anything" && !allowed.has(to)) report(`${from} may not import ${to}`);
}

/**
 * @param {string} layer
 * @param {string} specifier
 * @param {(message: string) => void} report
 */
function checkPackage(layer, specifier, report) {
  const allowed = PACKAGES[layer] ?? (layer.startsWith("adapters/") ? [] : CORE_PACKAGES);
  const ok = allowed.some((name) =>
    name.endsWith("*")
      ? specifier.startsWith(name.slice(0, -1))
      : specifier === name || specifier.startsWith(`${name}/`),
  );
  if (!ok) report(`${layer} may not import the package ${specifier}`);
}

/**
 * Every module specifier in a file: import and export declarations, dynamic imports, and import types.
 *
 * @param {ts.SourceFile} source
 */
function importsOf(source) {
  /** @type {{node: ts.Node, specifier: string}[]} */
  const found = [];
  const visit = (/** @type {ts.Node} */ node) => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      if (ts.isStringLiteral(node.moduleSpecifier))
        found.push({ node, specifier: node.moduleSpecifier.text });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const argument = node.arguments[0];
      const specifier = argument !== undefined && ts.isStringLiteral(argument) ? argument.text : "(computed)";
      found.push({ node, specifier });
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      const literal = node.argument.literal;
      if (ts.isStringLiteral(literal)) found.push({ node, specifier: literal.text });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/**
 * Reports host names, clocks, timers, randomness and global augmentation.
 *
 * @param {string} file
 * @param {ts.SourceFile} source
 * @param {(node: ts.Node, message: string) => void} report
 */
function checkNames(file, source, report) {
  if (file === SYSTEM_PORT || ROOTS.includes(layerOf(file))) return;
  const declared = declaredNames(source);
  const visit = (/** @type {ts.Node} */ node) => {
    if (ts.isModuleDeclaration(node)) report(node, "no declare global, declare module or namespace");
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      const access = `${node.expression.text}.${node.name.text}`;
      if (access === "Date.now" || access === "Math.random") report(node, `${access} outside ${SYSTEM_PORT}`);
    }
    if ((ts.isNewExpression(node) || ts.isCallExpression(node)) && ts.isIdentifier(node.expression)) {
      if (node.expression.text === "Date") report(node, `Date() outside ${SYSTEM_PORT}`);
    }
    if (ts.isIdentifier(node) && isReference(node) && !declared.has(node.text)) {
      if (HOST_NAMES.has(node.text) && !HOST_BRIDGES.includes(file))
        report(node, `${node.text} is a host name`);
      if (TIME_AND_CHANCE.has(node.text)) report(node, `${node.text} outside ${SYSTEM_PORT}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
}

/**
 * Names that a file declares itself, so that a parameter called `process` does not count as the host's.
 *
 * @param {ts.SourceFile} source
 */
function declaredNames(source) {
  const names = new Set();
  const visit = (/** @type {ts.Node} */ node) => {
    const isBinding =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isBindingElement(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isImportSpecifier(node);
    if (isBinding && node.name !== undefined && ts.isIdentifier(node.name)) names.add(node.name.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}

/**
 * Whether an identifier is a reference to a value or type in scope, and not a member's name.
 *
 * @param {ts.Identifier} node
 */
function isReference(node) {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isQualifiedName(parent)) return parent.left === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isBindingElement(parent)) return parent.initializer === node;
  const isMember =
    ts.isPropertySignature(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isGetAccessor(parent) ||
    ts.isSetAccessor(parent);
  if (isMember) return parent.name !== node;
  return !ts.isExportSpecifier(parent) && !ts.isImportSpecifier(parent);
}

/**
 * Reports top-level statements that run when the module loads.
 *
 * @param {string} file
 * @param {ts.SourceFile} source
 * @param {(node: ts.Node, message: string) => void} report
 */
function checkStatements(file, source, report) {
  if (ROOTS.includes(layerOf(file))) return;
  for (const statement of source.statements) {
    const declares =
      ts.isImportDeclaration(statement) ||
      ts.isExportDeclaration(statement) ||
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement) ||
      ts.isFunctionDeclaration(statement) ||
      ts.isClassDeclaration(statement) ||
      ts.isModuleDeclaration(statement) ||
      (ts.isVariableStatement(statement) && (statement.declarationList.flags & ts.NodeFlags.Const) !== 0);
    if (!declares) report(statement, "a module only declares: no statement or mutable variable at top level");
    if (ts.isImportDeclaration(statement) && statement.importClause === undefined) {
      report(statement, "import for its side effect");
    }
  }
}

/**
 * Cycles of the import graph, each found once, by depth-first search.
 *
 * @param {Map<string, string[]>} graph
 * @returns {string[][]}
 */
function cycles(graph) {
  /** @type {string[][]} */
  const found = [];
  const done = new Set();
  /** @type {string[]} */
  const path = [];
  const walk = (/** @type {string} */ file) => {
    const start = path.indexOf(file);
    if (start !== -1) {
      found.push([...path.slice(start), file]);
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const target of graph.get(file) ?? []) walk(target);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) walk(file);
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const violations = checkLayers(process.cwd());
  for (const violation of violations) console.error(violation);
  if (violations.length > 0) process.exitCode = 1;
}
