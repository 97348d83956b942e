/** Runs other programs for the project's scripts. */

import { spawn } from "node:child_process";
import { delimiter, isAbsolute, join, resolve } from "node:path";

const BIN = resolve("node_modules", ".bin");

/**
 * @typedef {object} Outcome
 * @property {number} code exit code; 1 when a signal or the time limit ended the program
 * @property {string} output standard output and standard error, interleaved
 * @property {number} elapsedMs
 */

/**
 * Runs a program from node_modules/.bin (or `node`, `npm`, `tsc`, or an absolute path) in the project's folder
 * without standard input.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd?: string, timeoutMs?: number, env?: NodeJS.ProcessEnv}} [options] `timeoutMs` defaults to ten
 *   minutes; `env` is added to the environment
 * @returns {Promise<Outcome>}
 */
export function run(command, args, { cwd = ".", timeoutMs = 600_000, env = {} } = {}) {
  const startedAt = performance.now();
  const color = process.stdout.isTTY ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" };
  return new Promise((resolve) => {
    const child = spawn(...program(command, args), {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, PATH: `${BIN}${delimiter}${process.env.PATH}`, ...color, ...env },
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    let output = "";
    child.stdout.on("data", (data) => {
      output += data;
    });
    child.stderr.on("data", (data) => {
      output += data;
    });
    const finish = (/** @type {number | null} */ code) =>
      resolve({ code: code ?? 1, output, elapsedMs: performance.now() - startedAt });
    child.on("error", (error) => {
      output += String(error);
      finish(1);
    });
    child.on("close", (code, signal) => {
      if (signal !== null)
        output += `\n${command} ended by ${signal} after ${seconds(performance.now() - startedAt)}\n`;
      finish(code);
    });
  });
}

/**
 * The compiler that checks types and writes declarations: TypeScript 7, which takes a fifth of the time of
 * TypeScript 6. Scripts that walk the syntax import TypeScript 6, since 7 has no API in JavaScript yet.
 */
const TSC = resolve("node_modules/typescript-native/bin/tsc");

/** @param {string} command @param {string[]} args @returns {[string, string[]]} */
function program(command, args) {
  if (command === "tsc") return [process.execPath, [TSC, ...args]];
  return [programFile(command), args];
}

/** @param {string} command */
function programFile(command) {
  if (command === "node") return process.execPath;
  return command === "npm" || isAbsolute(command) ? command : join(BIN, command);
}

/**
 * Runs tasks in order, at most `limit` at once.
 *
 * @template T
 * @param {number} limit
 * @param {(() => Promise<T>)[]} tasks
 * @returns {Promise<T[]>} results in the order of the tasks
 */
export async function pool(limit, tasks) {
  /** @type {T[]} */
  const results = [];
  let next = 0;
  async function worker() {
    for (let index = next++; index < tasks.length; index = next++) {
      results[index] = await /** @type {() => Promise<T>} */ (tasks[index])();
    }
  }
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}

/** @param {number} ms */
export function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}
