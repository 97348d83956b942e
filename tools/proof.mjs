/**
 * Why: what the README promises is shown by runs that take hours. This runs them in pieces that end within an
 * hour each, goes on where it was stopped, and writes docs/proof.md. See tools/lib/proof_pieces.mjs.
 */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { figuresOf, piecesLeft, proofPage } from "./lib/proof.mjs";
import { PIECES } from "./lib/proof_pieces.mjs";

const RECORD = "docs/proof.json";
const PAGE = "docs/proof.md";

const TIMEOUT_MS = 60 * 60_000;

const BYTES_PER_GB = 2 ** 30;

const { values } = parseArgs({
  options: { only: { type: "string", multiple: true }, list: { type: "boolean", default: false } },
});

/** @type {Record<string, import("./lib/proof.mjs").PieceResult>} */
const record = existsSync(RECORD) ? JSON.parse(readFileSync(RECORD, "utf8")) : {};

/** @param {string[]} args */
function git(args) {
  return spawnSync("git", args, { encoding: "utf8" }).stdout.trim();
}

/** Changed files, besides what this program writes, are no commit that others have. */
function presentCommit() {
  const changed = git(["status", "--porcelain", "--", ".", `:!${RECORD}`, `:!${PAGE}`]);
  return changed === ""
    ? git(["log", "-1", "--format=%H", "--", ".", `:!${RECORD}`, `:!${PAGE}`])
    : "uncommitted";
}

function machine() {
  const memory = Math.round(totalmem() / BYTES_PER_GB);
  return `${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown"}, ${memory} GB, Node ${process.version}`;
}

/**
 * @param {string} command
 * @returns {Promise<{isOk: boolean, output: string}>}
 */
function runShell(command) {
  const child = spawn(command, { shell: true, stdio: ["ignore", "pipe", "pipe"], timeout: TIMEOUT_MS });
  let output = "";
  for (const [stream, shown] of /** @type {const} */ ([
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ])) {
    stream.on("data", (data) => {
      output += data;
      shown.write(data);
    });
  }
  return new Promise((resolve) => child.on("close", (code) => resolve({ isOk: code === 0, output })));
}

/** A stop half way leaves the former file. @param {string} path @param {string} text */
function replaceFile(path, text) {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

const names = values.only ?? [];
for (const name of names) {
  if (!PIECES.some((piece) => piece.name === name))
    throw new RangeError(`proof: there is no piece ${JSON.stringify(name)}; see --list`);
}
const wanted = PIECES.filter(({ name }) => names.length === 0 || names.includes(name));
const commit = presentCommit();
const left = names.length === 0 ? piecesLeft(wanted, record, commit) : wanted;
if (values.list) {
  for (const { name, command } of wanted)
    console.log(
      `${left.some((piece) => piece.name === name) ? "left  " : "passed"}  ${name.padEnd(26)} ${command}`,
    );
} else {
  for (const [at, { name, command, figures }] of left.entries()) {
    console.log(`\n── ${at + 1} of ${left.length}: ${name}\n$ ${command}`);
    const startedAt = new Date();
    const { isOk, output } = await runShell(command);
    record[name] = {
      commit,
      isOk,
      startedAt: startedAt.toISOString(),
      elapsedMs: Date.now() - startedAt.getTime(),
      machine: machine(),
      figures: figuresOf(output, figures),
    };
    replaceFile(RECORD, `${JSON.stringify(record, null, 2)}\n`);
    replaceFile(PAGE, proofPage(PIECES, record));
    if (!isOk) process.exitCode = 1;
  }
  console.log(
    `\n${PIECES.length - piecesLeft(PIECES, record, commit).length} of ${PIECES.length} pieces have passed`,
  );
}
