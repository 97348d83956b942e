/**
 * Why: src/exports defines the public API, which tends to grow by convenient exports. This check counts the
 * names of each subpath and rejects, for the doors in package.json:
 *
 * - more names than the limits, at the root and in total;
 * - a door without a subpath, and a subpath without a door;
 * - one name with two meanings;
 * - a public signature that mentions a type that no door exports, or generated code.
 *
 * `npm run check -- doors` checks; `node tools/check_doors.mjs --list` prints the names of each subpath.
 */

import { readdirSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { doorsOf, isOfConstructor, isPrivate, isTypeExport, programOf } from "./lib/doors.mjs";

/** Maximum number of names of the root. */
const MAX_ROOT_NAMES = 70;

/** Maximum number of names of all subpaths, each counted once per subpath. */
const MAX_NAMES = 640;

/** Packages whose types public signatures may mention: a user of the subpath has them installed. */
const FOREIGN = /\/node_modules\/(hono|typescript|@types\/node)\//;

/** Types computed from tables: users see the result and need no names of the parts. */
const COMPUTED = ["AppSchema", "paths", "components"];

/**
 * @typedef {import("./lib/doors.mjs").Door} Door
 * @typedef {{names: Map<string, Map<string, ts.Symbol>>, problems: string[]}} Doors
 */

/**
 * Visits the public nodes of a declaration: no bodies, initialisers and private members.
 *
 * @param {ts.Node} node
 * @param {boolean} isTypeOnly Whether no door exports the value, so that the constructor of a class is not
 * public.
 * @param {(node: ts.Node) => void} visit
 */
function visitSignature(node, isTypeOnly, visit) {
  visit(node);
  ts.forEachChild(node, (child) => {
    const isHidden =
      ts.isBlock(child) ||
      (ts.isVariableDeclaration(node) && child === node.initializer && node.type !== undefined) ||
      ((ts.isPropertyDeclaration(node) || ts.isParameter(node)) && child === node.initializer) ||
      (ts.isClassElement(child) && (isPrivate(child) || (isTypeOnly && isOfConstructor(child))));
    if (!isHidden) visitSignature(child, isTypeOnly, visit);
  });
}

/**
 * Whether users see the result of a symbol and need no name for it, as for the table of a `typeof`. @param
 * {ts.Symbol} symbol
 */
function isComputed(symbol) {
  return (symbol.flags & ts.SymbolFlags.Variable) !== 0 || COMPUTED.includes(symbol.name);
}

class Reader {
  #root;
  #checker;
  /** Symbols that a door exports as values. @type {Set<ts.Symbol>} */
  #values = new Set();
  /** @type {Map<ts.Symbol, string>} The mention of each symbol that a public signature reaches. */
  reached = new Map();

  /** @param {string} root @param {ts.TypeChecker} checker */
  constructor(root, checker) {
    this.#root = root;
    this.#checker = checker;
  }

  /** @param {ts.Symbol} symbol */
  resolve(symbol) {
    return symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
  }

  /** @param {ts.SourceFile} file @returns {Map<string, ts.Symbol>} */
  namesOf(file) {
    const symbol = this.#checker.getSymbolAtLocation(file);
    const names = symbol === undefined ? [] : this.#checker.getExportsOfModule(symbol);
    for (const name of names) if (!isTypeExport(name)) this.#values.add(this.resolve(name));
    return new Map(names.map((name) => [name.name, this.resolve(name)]));
  }

  /** The file of a symbol relative to the root. @param {ts.Symbol} symbol */
  fileOf(symbol) {
    const [declaration] = symbol.declarations ?? [];
    return declaration === undefined ? "" : relative(this.#root, declaration.getSourceFile().fileName);
  }

  /**
   * Follows every type that the signature of `symbol` names. @param {ts.Symbol} symbol @param {string}
   * mention
   */
  follow(symbol, mention) {
    if (this.reached.has(symbol)) return;
    this.reached.set(symbol, mention);
    const file = this.fileOf(symbol);
    if (COMPUTED.includes(symbol.name) || !file.startsWith("src/") || file.startsWith("src/records/gen/"))
      return;
    for (const declaration of symbol.declarations ?? []) {
      visitSignature(declaration, !this.#values.has(symbol), (node) => {
        const name = ts.isTypeReferenceNode(node)
          ? node.typeName
          : ts.isExpressionWithTypeArguments(node)
            ? node.expression
            : ts.isTypeQueryNode(node)
              ? node.exprName
              : undefined;
        const target = name && this.#checker.getSymbolAtLocation(name);
        if (target === undefined) return;
        const resolved = this.resolve(target);
        if (resolved.flags & ts.SymbolFlags.TypeParameter) return;
        this.follow(resolved, `${symbol.name} (${file})`);
      });
    }
  }
}

/** @param {string} root @param {{maxRootNames?: number, maxNames?: number}} [limits] @returns {Doors} */
export function readDoors(root, { maxRootNames = MAX_ROOT_NAMES, maxNames = MAX_NAMES } = {}) {
  const doors = doorsOf(root);
  const program = programOf(root, doors);
  const reader = new Reader(root, program.getTypeChecker());
  /** @type {string[]} */
  const problems = [];
  /** @type {Doors["names"]} */
  const names = new Map();
  /** @type {Map<string, {symbol: ts.Symbol, subpath: string}>} */
  const known = new Map();
  for (const { subpath, file } of doors) {
    const source = program.getSourceFile(file);
    if (source === undefined) {
      problems.push(`${subpath}: ${relative(root, file)} is missing`);
      continue;
    }
    const exported = reader.namesOf(source);
    names.set(subpath, exported);
    for (const [name, symbol] of exported) {
      // A default export has no name of its own.
      if (name === "default") {
        known.set(`default of ${subpath}`, { symbol, subpath });
        continue;
      }
      const first = known.get(name);
      if (first === undefined) known.set(name, { symbol, subpath });
      else if (first.symbol !== symbol)
        problems.push(`${name}: one thing in ${first.subpath}, another in ${subpath}`);
    }
  }
  const files = new Set(doors.map(({ file }) => relative(root, file)));
  for (const file of readdirSync(`${root}/src/exports`)) {
    const path = `src/exports/${file}`;
    if (file !== "root.ts" && !files.has(path)) problems.push(`${path}: no subpath opens this door`);
  }
  for (const file of files)
    if (file !== "mod.ts" && !file.startsWith("src/exports/")) problems.push(`${file}: not a door`);
  for (const { symbol, subpath } of known.values()) reader.follow(symbol, subpath);
  const exported = new Set([...known.values()].map(({ symbol }) => symbol));
  for (const [symbol, mention] of reader.reached) {
    const file = reader.fileOf(symbol);
    if (file.startsWith("src/records/gen/"))
      problems.push(`${symbol.name}: generated, mentioned by ${mention}`);
    else if (file.startsWith("src/") && !exported.has(symbol) && !isComputed(symbol))
      problems.push(`${symbol.name} (${file}): no door exports it, and ${mention} mentions it`);
    else if (file.includes("node_modules/") && !FOREIGN.test(`/${file}`))
      problems.push(`${symbol.name}: of ${file.replace(/.*node_modules\//, "")}, mentioned by ${mention}`);
  }
  const total = [...names.values()].reduce((sum, { size }) => sum + size, 0);
  const atRoot = names.get(".")?.size ?? 0;
  if (atRoot > maxRootNames) problems.push(`root: ${atRoot} names, at most ${maxRootNames}`);
  if (total > maxNames) problems.push(`all subpaths: ${total} names, at most ${maxNames}`);
  return { names, problems };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { names, problems } = readDoors(process.cwd());
  const isListing = process.argv.includes("--list");
  let total = 0;
  for (const [subpath, exported] of names) {
    total += exported.size;
    console.log(`${String(exported.size).padStart(4)}  ${subpath}`);
    if (isListing) console.log(`      ${[...exported.keys()].sort().join(" ")}`);
  }
  console.log(`${String(total).padStart(4)}  in all`);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}
