/**
 * `examples/baileys-bot` as a new user starts it: its files in an empty folder, beside the packed package, on
 * Node and Bun. Packages are links to this project's. Does not cover WhatsApp.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  makeProject,
  packPackage,
  readManifest,
  runProgram,
  type UserProject,
  unpackInto,
} from "../support/programs/packed_package.ts";

const EXAMPLE = "examples/baileys-bot";
const BUN = resolve("node_modules/.bin/bun");
const TIMEOUT_MS = 60_000;

let project: UserProject;

beforeAll(async () => {
  expect(existsSync("dist/mod.js"), "npm run build comes first").toBe(true);
  project = await makeProject();
  await cp(EXAMPLE, project.folder, {
    recursive: true,
    filter: (path) => !/node_modules|dist|\.db/.test(path.slice(EXAMPLE.length)),
  });
  const tarball = await packPackage(".", project.folder, ["--ignore-scripts"]);
  const { dependencies, devDependencies } = JSON.parse(await readFile(join(EXAMPLE, "package.json"), "utf8"));
  const { "@holdfast/store": _own, ...others } = { ...dependencies, ...devDependencies };
  const manifest = await readManifest();
  await unpackInto(project, tarball, [...Object.keys(manifest.dependencies), ...Object.keys(others)]);
  await runProgram(process.execPath, [resolve("node_modules/typescript/bin/tsc")], { cwd: project.folder });
}, TIMEOUT_MS);

afterAll(() => project[Symbol.asyncDispose]());

/** A started bot and what it has printed. */
class Started {
  readonly #process: ChildProcess;
  readonly #exit: Promise<unknown[]>;
  #output = "";
  #look: () => void = () => {};

  constructor(command: readonly string[], options: readonly string[]) {
    const [program = "", ...parameters] = command;
    this.#process = spawn(program, [...parameters, ...options], { cwd: project.folder });
    this.#exit = once(this.#process, "exit");
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on("data", (text) => {
        this.#output += String(text);
        this.#look();
      });
    }
    onTestFinished(() => void this.#process.kill("SIGKILL"));
  }

  get output(): string {
    return this.#output;
  }

  /** Resolves when the output contains each text. */
  async prints(...texts: readonly string[]): Promise<void> {
    await this.#sees(() => texts.every((text) => this.#output.includes(text)));
  }

  /** Resolves when a text was printed this many times. @throws {Error} When the process ends before. */
  async repeats(text: string, times: number): Promise<void> {
    await this.#sees(() => this.#output.split(text).length > times);
  }

  async #sees(isSeen: () => boolean): Promise<void> {
    const seen = new Promise<void>((resolveSeen) => {
      this.#look = () => {
        if (isSeen()) resolveSeen();
      };
      this.#look();
    });
    const ended = this.#exit.then(([code]) => {
      throw new Error(`ended with ${code}:\n${this.#output}`);
    });
    await Promise.race([seen, ended]);
  }

  /** Sends a signal, if any, and resolves with the exit code. */
  async ends(signal?: NodeJS.Signals): Promise<unknown> {
    if (signal !== undefined) this.#process.kill(signal);
    const [code] = await this.#exit;
    return code;
  }
}

describe.each([
  { runtime: "Node", command: [process.execPath, "dist/main.js"] },
  { runtime: "Bun", command: [BUN, "src/main.ts"] },
])("examples/baileys-bot on $runtime", ({ runtime, command }) => {
  const database = ["--db", `${runtime}.db`];

  test("answers, and closes at SIGTERM", { timeout: TIMEOUT_MS }, async () => {
    const bot = new Started(command, database);
    await bot.prints("anna     connected", "ben      connected", 'got "pong 1"');
    // From both: Baileys logs an error where it is ended while it reads a message.
    await bot.repeats('got "pong 2"', 2);
    expect(await bot.ends("SIGTERM")).toBe(0);
    expect(bot.output).toMatch(/anna +closed/);
    expect(bot.output).not.toMatch(/ERROR|WARN|Session|privKey/);
  });

  test("goes on, and stops when another process has its accounts", { timeout: TIMEOUT_MS }, async () => {
    const first = new Started(command, database);
    await first.prints('got "pong 1"');
    const second = new Started(command, database);
    expect(await first.ends()).toBe(1);
    expect(first.output).toContain("anna     stopped: another process has opened this account");
    await second.prints('got "pong 1"');
    expect(await second.ends("SIGINT")).toBe(0);
  });

  test("connects again after a pause, erases, explains", { timeout: TIMEOUT_MS }, async () => {
    const unreachable = ["--url", "ws://127.0.0.1:9/"];
    const bot = new Started(command, [...database, ...unreachable, "--account", "offline"]);
    await bot.prints("connecting again in");
    expect(await bot.ends("SIGTERM")).toBe(0);
    const eraser = new Started(command, [...database, "--erase", "anna"]);
    expect(await eraser.ends()).toBe(0);
    const again = new Started(command, [...database, "--erase", "anna"]);
    expect(await again.ends()).toBe(1);
    expect(again.output).toContain("there is no such account");
    const confused = new Started(command, ["--phone", "unknown"]);
    expect(await confused.ends()).toBe(2);
    expect(confused.output).toContain("usage:");
  });
});
