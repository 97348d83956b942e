/**
 * Every example of the README, the guides and the site that needs no server runs, as its reader saves it, over
 * the built package: on Node, and on the runtime that it is for. Baileys connects to nothing here.
 */

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { transform } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { diskFolder, importBaileysFolder } from "../../src/exports/importers.ts";
import { annaOnFolder } from "../importers/baileys_world.ts";
import { ELSEWHERE, type ExampleRuntime, examples, runtimesOf } from "./examples.ts";

/** Inside node_modules, so that packages are found. */
const FOLDER = resolve("node_modules/.cache/holdfast-examples", String(process.pid));

/** Deno takes the package by the name in deno.json, from its sources. */
const DENO_FOLDER = mkdtempSync(join(tmpdir(), "holdfast-examples-"));

const FIXTURES = join(DENO_FOLDER, "fixtures");
const RUNNER = resolve("test/guide/run_examples.mjs");

const COMMANDS: Readonly<Record<ExampleRuntime, readonly [program: string, ...args: string[]]>> = {
  node: [process.execPath],
  bun: [resolve("node_modules/.bin/bun")],
  deno: [
    resolve("node_modules/.bin/deno"),
    "run",
    "-A",
    "--no-remote",
    "--cached-only",
    "--no-check",
    `--config=${resolve("deno.json")}`,
  ],
};

/** Baileys whose sockets find no server. */
const BAILEYS = `
  import * as real from ${JSON.stringify(pathToFileURL(resolve("node_modules/baileys/lib/index.js")).href)};
  export * from ${JSON.stringify(pathToFileURL(resolve("node_modules/baileys/lib/index.js")).href)};
  export const makeWASocket = (config) =>
    real.makeWASocket({ ...config, logger: silent, waWebSocketUrl: "ws://127.0.0.1:9/" });
  const silent = { level: "silent", child: () => silent, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
`;

const ENVIRONMENT = {
  HOLDFAST_KEY_2026: Buffer.alloc(32, 1).toString("base64"),
  HOLDFAST_KEY_2027: Buffer.alloc(32, 2).toString("base64"),
  HOLDFAST_PHRASE: "a phrase of some words",
};

const all = examples();

/** The name of an example's file, and of its folder of fixtures. */
function idOf(name: string): string {
  return String(all.findIndex((example) => example.name === name));
}

/** Runs the examples of a runtime. Resolves with what each of those that failed threw. */
async function failuresOn(runtime: ExampleRuntime): Promise<Record<string, string>> {
  const [program, ...args] = COMMANDS[runtime];
  const names = all.filter((example) => runtimesOf(example).includes(runtime)).map(({ name }) => name);
  const folder = runtime === "deno" ? DENO_FOLDER : FOLDER;
  const paths = names.map((name) => join(folder, `${idOf(name)}.mjs`));
  const { stdout } = await promisify(execFile)(program, [...args, RUNNER, FIXTURES, ...paths], {
    env: { ...process.env, ...ENVIRONMENT },
    cwd: FOLDER,
  });
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
  const outcomes = lines.map((line) => JSON.parse(line) as { file: string; error?: string });
  expect(outcomes.length, stdout).toBe(names.length);
  return Object.fromEntries(
    outcomes.flatMap(({ error }, index) => (error === undefined ? [] : [[names[index] ?? "", error]])),
  );
}

beforeAll(async () => {
  mkdirSync(join(FOLDER, "node_modules/@holdfast"), { recursive: true });
  symlinkSync(resolve("."), join(FOLDER, "node_modules/@holdfast/store"), "junction");
  mkdirSync(join(FOLDER, "node_modules/baileys"));
  writeFileSync(join(FOLDER, "node_modules/baileys/index.mjs"), BAILEYS);
  const manifest = { name: "baileys", exports: { ".": "./index.mjs" } };
  writeFileSync(join(FOLDER, "node_modules/baileys/package.json"), JSON.stringify(manifest));
  await makeFixtures();
  for (const { name, code } of all) {
    const { code: script } = await transform(code, { loader: "ts", target: "node20", format: "esm" });
    for (const folder of [FOLDER, DENO_FOLDER]) writeFileSync(join(folder, `${idOf(name)}.mjs`), script);
  }
});

afterAll(() => {
  for (const folder of [FOLDER, DENO_FOLDER]) rmSync(folder, { recursive: true, force: true });
});

/** A linked device in Baileys' files for the guide that moves it in, and in a database for the one that moves it out. */
async function makeFixtures(): Promise<void> {
  const [moveIn, moveOut] = ["docs/guide/move_in.md#Move in", "docs/guide/move_out.md#Move out"].map((name) =>
    join(FIXTURES, idOf(name)),
  );
  const files = join(moveIn ?? "", "baileys_auth_info");
  await annaOnFolder(files);
  mkdirSync(moveOut ?? "");
  const url = `file:${join(moveOut ?? "", "bot.db")}`;
  const backend = await libsqlBackend({ url, account: "bot-1" });
  await importBaileysFolder(backend, diskFolder(files), { chain: "originalIsStopped" });
  await backend.close();
}

describe("examples of the documentation", () => {
  test.each(["node", "bun", "deno"] as const)("run on %s", async (runtime) => {
    expect(await failuresOn(runtime)).toEqual({});
  });

  test("are found, and each one that runs elsewhere exists", () => {
    expect(all.length).toBeGreaterThan(20);
    const stale = Object.keys(ELSEWHERE).filter((start) => !all.some(({ name }) => name.startsWith(start)));
    expect(stale).toEqual([]);
  });
});
