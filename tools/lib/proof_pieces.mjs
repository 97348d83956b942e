/**
 * The pieces of `npm run proof`. Each ends within an hour on two cores.
 *
 * @typedef {object} Piece
 * @property {string} name
 * @property {string} shows What is shown when it passes.
 * @property {string} command As a person types it, in a checkout after `bash .ci/install`.
 * @property {RegExp} figures The lines of its output that are kept.
 */

/** @param {string} paths @param {string} [project] */
const long = (paths, project = "system") => `HOLDFAST_DOSE=long npx vitest run --project ${project} ${paths}`;

/** @type {readonly Piece[]} */
export const PIECES = [
  {
    name: "checks",
    shows: "lint, types, layers, public doors, packages and examples are right",
    command: "node tools/check.mjs",
    figures: /\d+ passed, \d+ failed/,
  },
  {
    name: "tests",
    shows: "every test passes on Node, workerd, Deno and Bun, and none is skipped",
    command: "node tools/test.mjs --refuse-skips",
    figures: /\d+ passed, \d+ failed/,
  },
  {
    name: "system tests",
    shows: "processes, servers, browsers and other versions of Node",
    command: "node tools/test.mjs --system --refuse-skips",
    figures: /\d+ passed, \d+ failed/,
  },
  {
    name: "chaos",
    shows: "64 × 5,000 random steps with faults: no key twice, nothing acknowledged lost",
    command: "npm run -s chaos -- --seeds 64 --steps 5000 --workers 2 --shrink",
    figures: /violations$/,
  },
  {
    name: "chaos, each seed twice",
    shows: "equal seeds do equal things, so a failure can be repeated",
    command: "npm run -s chaos -- --seeds 16 --steps 1500 --workers 2 --twice",
    figures: /violations$/,
  },
  {
    name: "chaos over a service",
    shows: "the same over a service whose requests and answers are lost",
    command: "npm run -s chaos -- --seeds 16 --steps 2000 --workers 2 --over remote",
    figures: /violations$/,
  },
  {
    name: "kills and restored copies",
    shows:
      "a process killed at any moment, a file copied and put back: no key twice, nothing burned by a move",
    command: long("test/process"),
    figures: /^(killed|[\d,]+ (losses|restores|copies|moves))|Tests .*(passed|failed)/,
  },
  {
    name: "failing calls",
    shows: "each call of a driver fails in turn: the conversation goes on",
    command: long("test/faults"),
    figures: /of \d+ calls|Tests .*(passed|failed)/,
  },
  {
    name: "damage",
    shows: "flipped bits, swapped and missing pages: reported, never absence, never a new identity",
    command: long("test/damage"),
    figures: /[\d,]+ (damages|copies)|Tests .*(passed|failed)/,
  },
  {
    name: "hostile values",
    shows: "every public function with hostile values: typed errors, no hang, nothing half-written",
    command: long("test/hostile"),
    figures: /[\d,]+ calls|Tests .*(passed|failed)/,
  },
  {
    name: "moves, restores and importers",
    shows: "accounts moved, imported and restored, killed in between: nothing twice, nothing lost",
    command: long("test/transfer test/importers", "node --project system"),
    figures: /Tests .*(passed|failed)/,
  },
  {
    name: "upgrades and commands",
    shows: "releases on one database; every command as a person types it",
    command: long("test/upgrade test/http test/cli test/guide"),
    figures: /Tests .*(passed|failed)/,
  },
  {
    name: "conformance kit",
    shows: "the whole kit on each backend and runtime of the table",
    command: long("test/kit", "node --project system"),
    figures: /Tests .*(passed|failed)/,
  },
  {
    name: "benchmarks",
    shows: "counts and ratios against what else a user would pick",
    command: "npm run -s bench",
    figures: /^MISSED/,
  },
];
