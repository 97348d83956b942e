/**
 * Why: a change of the public API must be seen in review. The signatures of everything that a door exports are
 * written to api/<subpath>.api.md, which is checked in: a diff there is a change of the API, and none is none.
 *
 * The signatures are what TypeScript writes as declarations of each file (`isolatedDeclarations`), without
 * comments, private members, and the constructors of classes that are exported as types. `@microsoft/
 * api-extractor` would say the same: it brings a TypeScript of its own, takes one door at a time and reads a
 * built package, so 30 doors would take minutes. The JSON of `deno doc` has every type as a tree that would have
 * to be printed again.
 *
 * `npm run check -- "API report"` compares; `node tools/api_report.mjs --write`, a part of `npm run fix`, writes.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { doorsOf, isOfConstructor, isPrivate, isTypeExport, programOf } from "./lib/doors.mjs";

/** Where the reports are. */
const FOLDER = "api";

/** Lines of a difference that are printed. */
const MAX_SHOWN = 20;

const PRINTER = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed });

/** @typedef {{name: string, file: ts.SourceFile, statement: ts.Statement}} Declared */

/** Declarations of source files, by name, as TypeScript writes them. */
class Declarations {
  #options;
  /** @type {Map<string, Map<string, Declared[]>>} By file name. */
  #files = new Map();

  /** @param {ts.CompilerOptions} options */
  constructor(options) {
    this.#options = { ...options, noEmit: false, declaration: true, removeComments: true };
  }

  /**
   * The declarations of a name in a file: several for overloads and merged ones.
   *
   * @param {ts.SourceFile} source
   * @param {string} name
   */
  of(source, name) {
    const known = this.#files.get(source.fileName) ?? this.#read(source);
    this.#files.set(source.fileName, known);
    return known.get(name) ?? [];
  }

  /** @param {ts.SourceFile} source */
  #read(source) {
    const { outputText } = ts.transpileDeclaration(source.text, {
      fileName: source.fileName,
      compilerOptions: this.#options,
    });
    const file = ts.createSourceFile("declarations.d.ts", outputText, ts.ScriptTarget.Latest, true);
    /** @type {Map<string, Declared[]>} */
    const found = new Map();
    for (const statement of file.statements)
      for (const name of namesOf(statement))
        found.set(name, [...(found.get(name) ?? []), { name, file, statement }]);
    return found;
  }
}

/** The names that a statement declares. @param {ts.Statement} statement @returns {string[]} */
function namesOf(statement) {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => (ts.isIdentifier(name) ? name.text : ""));
  const named = /** @type {{name?: ts.Node}} */ (/** @type {unknown} */ (statement)).name;
  return named !== undefined && ts.isIdentifier(named) ? [named.text] : [];
}

/**
 * The text of a declaration, without modifiers, private members and what a type export does not have.
 *
 * @param {Declared} declared
 * @param {boolean} isType Whether the name is exported as a type.
 */
function textOf({ name, file, statement }, isType) {
  const print = (/** @type {ts.Node} */ node) => PRINTER.printNode(ts.EmitHint.Unspecified, node, file);
  if (ts.isVariableStatement(statement)) {
    const found = statement.declarationList.declarations.find(({ name: bound }) => print(bound) === name);
    return `const ${print(/** @type {ts.Node} */ (found))};`;
  }
  const shown = ts.isClassDeclaration(statement) ? publicClass(statement, isType) : statement;
  return print(shown)
    .replace(/^export /, "")
    .replace(/^(?:default |declare )+/, "");
}

/** @param {ts.ClassDeclaration} node @param {boolean} isType */
function publicClass(node, isType) {
  const methods = new Set(node.members.filter(ts.isMethodDeclaration).map(({ name }) => name.getText()));
  const members = node.members.filter(
    (member) =>
      !isPrivate(member) &&
      !(isType && isOfConstructor(member)) &&
      // A method that is named by a symbol is written a second time, as a property.
      !(ts.isPropertyDeclaration(member) && methods.has(member.name.getText())),
  );
  return ts.factory.updateClassDeclaration(
    node,
    node.modifiers,
    node.name,
    node.typeParameters,
    node.heritageClauses,
    members,
  );
}

/** The name of a subpath's report: `sqlite` for `./sqlite`, `index` for the root. @param {string} subpath */
function reportName(subpath) {
  return subpath === "." ? "index" : subpath.slice(2).replaceAll("/", "-");
}

/**
 * The report of each door, by file name.
 *
 * @param {string} root
 * @returns {Map<string, string>}
 */
export function apiReports(root) {
  const doors = doorsOf(root);
  const { name: packageName } = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));
  const program = programOf(root, doors, { exportsOnly: true });
  const checker = program.getTypeChecker();
  const declarations = new Declarations(program.getCompilerOptions());
  /** @type {Map<ts.Symbol, string>} The door that shows a symbol. */
  const shown = new Map();
  /** @type {Map<string, string>} */
  const reports = new Map();
  for (const { subpath, file } of doors) {
    const source = program.getSourceFile(file);
    const module = source && checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`report API: ${subpath} has no module ${file}`);
    const specifier = packageName + subpath.slice(1);
    /** @type {string[]} */
    const texts = [];
    /** @type {string[]} */
    const elsewhere = [];
    for (const exported of checker.getExportsOfModule(module).sort(byName)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const isType = isTypeExport(exported);
      const label = isType ? `type ${exported.name}` : exported.name;
      const first = shown.get(symbol);
      if (first !== undefined) {
        elsewhere.push(`- \`${label}\`: see \`${first}\``);
        continue;
      }
      shown.set(symbol, specifier);
      const found = [...new Set((symbol.declarations ?? []).map((at) => at.getSourceFile()))].flatMap((at) =>
        declarations.of(at, symbol.name === "default" ? (defaultName(symbol) ?? "") : symbol.name),
      );
      if (found.length === 0) throw new Error(`report API: no declaration of ${label} in ${specifier}`);
      const isClass = (symbol.flags & ts.SymbolFlags.Class) !== 0;
      const isRenamed = symbol.name !== exported.name || exported.name === "default";
      const alias = isRenamed ? [`// exported as ${exported.name}`] : [];
      if (isClass && isType) alias.push("// exported as a type");
      texts.push([...alias, ...found.map((declared) => textOf(declared, isType))].join("\n"));
    }
    reports.set(`${reportName(subpath)}.api.md`, page(specifier, texts, elsewhere));
  }
  return reports;
}

/** The name that a default export has in its file. @param {ts.Symbol} symbol */
function defaultName(symbol) {
  const named = /** @type {{name?: ts.Identifier} | undefined} */ (
    /** @type {unknown} */ (symbol.declarations?.[0])
  );
  return named?.name?.text;
}

/** @param {ts.Symbol} a @param {ts.Symbol} b */
function byName(a, b) {
  return a.name < b.name ? -1 : 1;
}

/** @param {string} specifier @param {readonly string[]} texts @param {readonly string[]} elsewhere */
function page(specifier, texts, elsewhere) {
  const parts = [`# ${specifier}`, "Written by `npm run fix`. A change here is a change of the public API."];
  if (texts.length > 0) parts.push(["```ts", texts.join("\n\n"), "```"].join("\n"));
  if (elsewhere.length > 0) parts.push(["Also exported:", "", ...elsewhere].join("\n"));
  return `${parts.join("\n\n")}\n`;
}

/**
 * What differs between the reports and the files of a folder, a few lines each.
 *
 * @param {ReadonlyMap<string, string>} reports
 * @param {string} folder
 * @returns {string[]}
 */
export function apiDifferences(reports, folder) {
  const present = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".api.md")) : [];
  const problems = present
    .filter((name) => !reports.has(name))
    .map((name) => `${folder}/${name}: there is no such subpath`);
  for (const [name, text] of reports) {
    const stored = present.includes(name) ? readFileSync(join(folder, name), "utf8") : "";
    if (stored === text) continue;
    const [before, after] = [stored.split("\n"), text.split("\n")];
    const gone = before.filter((line) => !after.includes(line)).map((line) => `  - ${line}`);
    const come = after.filter((line) => !before.includes(line)).map((line) => `  + ${line}`);
    problems.push(
      [`${folder}/${name} is not the API:`, ...[...gone, ...come].slice(0, MAX_SHOWN)].join("\n"),
    );
  }
  return problems;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const reports = apiReports(process.cwd());
  if (process.argv.includes("--write")) {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER);
    for (const [name, text] of reports) writeFileSync(join(FOLDER, name), text);
  } else {
    const problems = apiDifferences(reports, FOLDER);
    for (const problem of problems) console.error(problem);
    if (problems.length > 0) {
      console.error("\nIf this change of the public API is wanted: npm run fix, and say it in CHANGELOG.md.");
      process.exitCode = 1;
    }
  }
}
