/**
 * Why: a client loads what it imports, and a few hundred bytes a month are not seen in review. Each subpath
 * has a limit in tools/size_limits.json: the bytes of the module with everything that it imports, bundled
 * alone by esbuild, minified and gzipped. Optional peers are left out, since a client that uses the subpath has
 * them already. `worker` is the Worker of wrangler.toml, with everything.
 *
 * `npm run check -- sizes` prints each size beside its limit and fails above one. A limit is the size at the
 * time with a margin of 2 %: raise it in the commit that needs it, and say there why.
 * `node tools/check_sizes.mjs --write` sets the limits that are missing and lowers those that are too far away.
 * It never changes the limits of the core and of the Worker, which are budgets.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { gzippedBytes } from "./lib/bundle_size.mjs";
import { doorsOf } from "./lib/doors.mjs";

const FILE = "tools/size_limits.json";

/** Budgets, which do not follow the size. */
const BUDGETS = [".", "worker"];

/** Room above the size. */
const MARGIN = 1.02;

/** A limit so far above the size says nothing. */
const TOO_FAR = 1.1;

/** @typedef {Record<string, number>} Sizes By subpath, and `worker`. */

/** @param {number} bytes */
function limitFor(bytes) {
  return Math.ceil((bytes * MARGIN) / 50) * 50;
}

/** @param {readonly string[]} peers @returns {Promise<Sizes>} */
async function measure(peers) {
  /** @type {Sizes} */
  const sizes = {};
  for (const { subpath, file } of doorsOf(".")) sizes[subpath] = await gzippedBytes(file, peers);
  sizes.worker = await gzippedBytes("src/cloudflare/main.ts");
  return sizes;
}

/**
 * What is wrong with sizes, and the limits that they should have.
 *
 * @param {Sizes} sizes
 * @param {Sizes} limits
 */
export function compareSizes(sizes, limits) {
  /** @type {string[]} */
  const problems = [];
  /** @type {Sizes} */
  const wanted = {};
  for (const [name, bytes] of Object.entries(sizes)) {
    const limit = limits[name];
    const isBudget = BUDGETS.includes(name);
    if (limit === undefined) problems.push(`${name}: ${bytes} bytes, and no limit in ${FILE}`);
    else if (bytes > limit) problems.push(`${name}: ${bytes} bytes, at most ${limit}`);
    else if (!isBudget && limit > limitFor(bytes * TOO_FAR))
      problems.push(`${name}: ${bytes} bytes, and the limit of ${limit} is too far away`);
    const isFar = limit !== undefined && limit > limitFor(bytes * TOO_FAR);
    wanted[name] = limit === undefined || (isFar && !isBudget) ? limitFor(bytes) : limit;
  }
  for (const name of Object.keys(limits))
    if (sizes[name] === undefined) problems.push(`${name}: a limit in ${FILE}, and no such subpath`);
  return { problems, wanted };
}

if (process.argv[1]?.endsWith("check_sizes.mjs")) {
  const { peerDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  /** @type {Sizes} */
  const limits = JSON.parse(readFileSync(FILE, "utf8"));
  const sizes = await measure(Object.keys(peerDependencies));
  const { problems, wanted } = compareSizes(sizes, limits);
  if (process.argv.includes("--write")) writeFileSync(FILE, `${JSON.stringify(wanted, undefined, 2)}\n`);
  else {
    for (const [name, bytes] of Object.entries(sizes))
      console.log(`${String(bytes).padStart(6)} of ${String(limits[name]).padStart(6)}  ${name}`);
    for (const problem of problems) console.error(problem);
    if (problems.length > 0) process.exitCode = 1;
  }
}
