/**
 * Why: JSR shows a score of each package, by rules that it computes from the sources. A point that is lost is
 * seen after the release, so this check computes what can be known here, prints each rule with its points, and
 * fails below all of them. It asks for more than JSR where that costs nothing: every public symbol is documented
 * (JSR asks for 80 %), and so is every member of one (`deno doc --lint`).
 *
 * The rules and their points are those of `ApiPackageScore` in the sources of JSR. The description and the
 * runtimes are settings of the package's page, which a person makes: package.json has the description, and
 * test/kit/kit_runs.mjs the runtimes.
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { KIT_RUNS } from "../test/kit/kit_runs.mjs";
import { doorsOf } from "./lib/doors.mjs";
import { run } from "./lib/run.mjs";

/** Characters that JSR accepts as a description. */
const MAX_DESCRIPTION = 250;

/** @typedef {{name: string, points: number, problems: readonly string[], says?: string}} Rule */

/**
 * A module in the JSON of `deno doc`.
 *
 * @typedef {object} DocModule
 * @property {{doc?: string, tags?: {kind: string}[]}} [module_doc]
 * @property {DocSymbol[]} symbols
 *
 * @typedef {{name: string, declarations: {kind: string, declarationKind: string, jsDoc?: {doc?: string}}[]}} DocSymbol
 */

/**
 * What the rules look at.
 *
 * @typedef {object} Package
 * @property {string} readme
 * @property {readonly string[]} included Paths that are published.
 * @property {string} description
 * @property {Readonly<Record<string, string>>} exports Source files by subpath.
 * @property {Readonly<Record<string, DocModule>>} modules By URL.
 * @property {string} workflow The workflow that publishes.
 * @property {readonly string[]} runtimes
 * @property {string | undefined} lint What `deno doc --lint` complains of.
 * @property {string | undefined} dryRun What `deno publish --dry-run` complains of.
 */

/** @param {Package} found @returns {Rule[]} */
export function jsrRules(found) {
  const { readme, exports, modules, workflow, description, runtimes } = found;
  const undocumented = Object.values(modules).flatMap(({ symbols }) => symbols.filter(isUndocumented));
  const symbols = Object.values(modules).flatMap((module) => module.symbols);
  return [
    {
      name: "has a README",
      points: 2,
      problems: readme !== "" && found.included.includes("README.md") ? [] : ["README.md is not published"],
    },
    {
      name: "the README has an example",
      points: 1,
      problems: readme.includes("```") ? [] : ["README.md has no block of code"],
    },
    {
      name: "every subpath has a module doc",
      points: 1,
      problems: Object.entries(exports).flatMap(([subpath, file]) => {
        const { doc = "" } = moduleOf(modules, file)?.module_doc ?? {};
        return doc === "" ? [`${subpath}: ${file} has no module doc`] : [];
      }),
    },
    {
      name: "every symbol is documented",
      points: 5,
      problems: [
        ...undocumented.map(({ name }) => `${name} has no doc comment`),
        ...(symbols.length > 0 ? [] : ["there are no symbols"]),
        ...(found.lint === undefined ? [] : [`deno doc --lint: ${found.lint}`]),
      ],
      says: `${symbols.length - undocumented.length} of ${symbols.length}`,
    },
    {
      name: "no slow types",
      points: 5,
      problems: found.dryRun === undefined ? [] : [`deno publish --dry-run: ${found.dryRun}`],
    },
    {
      name: "published with provenance",
      points: 1,
      problems:
        /^ +id-token: write$/m.test(workflow) &&
        /^ +- run: npx deno publish$/m.test(workflow) &&
        !workflow.includes("--no-provenance")
          ? []
          : ["release.yml does not publish by the identity of the workflow"],
    },
    {
      name: "has a description",
      points: 1,
      problems:
        description !== "" && description.length <= MAX_DESCRIPTION
          ? []
          : [`the description of package.json has ${description.length} characters, 1 to ${MAX_DESCRIPTION}`],
    },
    {
      name: "one runtime is marked as compatible",
      points: 1,
      problems: runtimes.length >= 1 ? [] : ["the kit runs on no runtime"],
    },
    {
      name: "several runtimes are marked as compatible",
      points: 1,
      problems: runtimes.length >= 2 ? [] : ["the kit runs on one runtime alone"],
      says: runtimes.join(", "),
    },
  ];
}

/** A name that another subpath shows as well is a reference there, without a comment. @param {DocSymbol} symbol */
function isUndocumented({ declarations }) {
  const open = declarations.filter(
    ({ kind, declarationKind }) => kind !== "reference" && declarationKind !== "private",
  );
  return open.length > 0 && !open.some(({ jsDoc }) => (jsDoc?.doc ?? "") !== "");
}

/** @param {Package["modules"]} modules @param {string} file */
function moduleOf(modules, file) {
  const url = Object.keys(modules).find((candidate) => candidate.endsWith(file.replace(/^\./, "")));
  return url === undefined ? undefined : modules[url];
}

/** What a command complains of, `undefined` when it succeeds. @param {string[]} args */
async function complaintOf(args) {
  const { code, output } = await run("deno", args);
  return code === 0 ? undefined : output.replace(/^(?:Warning| {4}at ).*\n/gm, "").trim();
}

/** @returns {Promise<Package>} */
async function readPackage() {
  const manifest = JSON.parse(readFileSync("jsr.json", "utf8"));
  /** @type {string[]} */
  const doors = Object.values(manifest.exports);
  const { code, output } = await run("deno", ["doc", "--quiet", "--json", ...doors]);
  if (code !== 0) throw new Error(`check JSR: deno doc fails: ${output}`);
  return {
    readme: readFileSync("README.md", "utf8"),
    included: manifest.publish.include,
    description: JSON.parse(readFileSync("package.json", "utf8")).description ?? "",
    exports: manifest.exports,
    modules: JSON.parse(output.slice(output.indexOf("{"))).nodes,
    workflow: readFileSync(".github/workflows/release.yml", "utf8"),
    runtimes: [...new Set(Object.values(KIT_RUNS).flatMap(({ runs }) => Object.keys(runs)))],
    lint: await complaintOf(["doc", "--quiet", "--lint", ...doorsOf(".").map(({ file }) => file)]),
    dryRun: await complaintOf(["publish", "--dry-run", "--allow-dirty"]),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rules = jsrRules(await readPackage());
  let points = 0;
  let most = 0;
  for (const { name, points: worth, problems, says } of rules) {
    const got = problems.length === 0 ? worth : 0;
    points += got;
    most += worth;
    console.log(`${got} of ${worth}  ${name}${says === undefined ? "" : ` (${says})`}`);
    for (const problem of problems) console.error(`        ${problem}`);
  }
  console.log(`${points} of ${most} points`);
  if (points < most) process.exitCode = 1;
}
