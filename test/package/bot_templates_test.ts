/**
 * The templates of bots as a new user starts them: `holdfast init` of the packed package in an empty folder,
 * then the command that it prints. Packages are links to this project's; see templates_long_test.ts for npm's
 * own. Does not cover WhatsApp: the bots talk to the network that they bring.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installedNode, nodeForWrangler } from "../../tools/lib/nodes.mjs";
import { dose } from "../support/dose.ts";
import { COMPILER, runProgram } from "../support/programs/packed_package.ts";
import { StartedProgram } from "../support/programs/started_program.ts";
import {
  environmentOf,
  type InstalledProgram,
  initProject,
  installProgram,
  linkPackages,
  type TemplateProject,
} from "../support/programs/template_project.ts";

/** A whole bot, on a busy machine. */
const TIMEOUT_MS = 180_000;

/** Baileys logs an error where it is ended while it reads a message. */
function beforeEnd({ output }: StartedProgram): string {
  return output.split("SIGINT: closing")[0] ?? "";
}

/** Another owner takes the account `late` before each of its commits. */
const RACING_DRIVER = `
import { openAccount } from "@holdfast/store";
import { libsqlBackend } from "@holdfast/store/libsql";
const open = (path, account) => libsqlBackend({ url: \`file:\${path}\`, account });
export async function openFile(path, account) {
  const backend = await open(path, account);
  if (account !== "late") return backend;
  const { commit } = backend;
  backend.commit = async (...args) => {
    await (await openAccount({ backend: await open(path, account) })).close();
    return await commit.apply(backend, args);
  };
  return backend;
}
`;

let program: InstalledProgram;

beforeAll(async () => {
  program = await installProgram();
}, TIMEOUT_MS);

afterAll(() => program?.[Symbol.asyncDispose]());

const OWN_NODE = { name: "Node", node: (): string | undefined => process.execPath };
const OTHER_NODES = ([22, 24] as const).map((major) => ({
  name: `Node ${major}`,
  node: () => installedNode(major),
}));

const BOTS = [
  ...dose({ short: [OWN_NODE], long: [OWN_NODE, ...OTHER_NODES] }).map((on) => ({
    ...on,
    template: "bot-node",
    runtimes: [],
  })),
  { ...OWN_NODE, name: "Bun", template: "bot-bun", runtimes: ["bun" as const] },
  { ...OWN_NODE, name: "Deno", template: "bot-deno", runtimes: ["deno" as const] },
  { template: "bot-remote-object", name: "Node and Workers", node: nodeForWrangler, runtimes: [] },
];

describe.each(BOTS)("template $template on $name", ({ template, node, runtimes }) => {
  test("answers, and saves at Ctrl-C", { timeout: TIMEOUT_MS }, async ({ skip }) => {
    const path = node();
    if (path === undefined) return skip("that Node is not installed: npm run nodes");
    await using project = await initProject(program, template);
    await linkPackages(project, program);
    const env = await environmentOf(project.folder, path, runtimes);
    const bot = new StartedProgram(project.start, { cwd: project.folder, env });
    await bot.prints("anna     connected", "ben      connected");
    // The first message of the contact may come before a bot can be written to.
    await bot.repeats('got "pong', 4);
    await bot.ends("SIGINT");
    expect(bot.output).toMatch(/anna +closed/);
    expect(bot.output).toMatch(/ben +closed/);
    expect(beforeEnd(bot)).not.toMatch(/ERROR|WARN|Session|privKey/);
    // The same accounts go on.
    const again = new StartedProgram(project.start, { cwd: project.folder, env });
    await again.repeats('got "pong', 4);
    await again.ends("SIGINT");
    expect(beforeEnd(again)).not.toMatch(/ERROR|WARN|Session|privKey/);
  });
});

describe("template bot-remote-object", () => {
  test("ends the Worker at a signal that comes while it starts", { timeout: TIMEOUT_MS }, async ({
    skip,
  }) => {
    const path = nodeForWrangler();
    if (path === undefined) return skip("that Node is not installed: npm run nodes");
    await using project = await initProject(program, "bot-remote-object");
    await linkPackages(project, program);
    await runProgram(process.execPath, [resolve("node_modules", COMPILER, "bin/tsc")], {
      cwd: project.folder,
    });
    const env = await environmentOf(project.folder, path);
    const bot = new StartedProgram("exec node dist/main.js", { cwd: project.folder, env });
    // wrangler makes this folder before the Worker is ready.
    await expect
      .poll(() => existsSync(join(project.folder, "worker/.wrangler")), { timeout: 60_000 })
      .toBe(true);
    expect(bot.output).not.toContain("connected");
    expect(await bot.ends("SIGINT")).toBe(0);
    expect(bot.output).toContain("SIGINT: closing");
    const { stdout } = await runProgram("ps", ["-eo", "args"], { cwd: project.folder });
    expect(stdout.split("\n").filter((line) => line.includes(project.folder))).toEqual([]);
  });
});

describe("template bot-node", () => {
  let project: TemplateProject;

  beforeAll(async () => {
    project = await initProject(program, "bot-node");
    await linkPackages(project, program);
    await runProgram(process.execPath, [resolve("node_modules", COMPILER, "bin/tsc")], {
      cwd: project.folder,
    });
  }, TIMEOUT_MS);

  afterAll(() => project[Symbol.asyncDispose]());

  function start(...options: readonly string[]): StartedProgram {
    const command = ["exec", process.execPath, "dist/main.js", ...options].join(" ");
    return new StartedProgram(command, { cwd: project.folder });
  }

  test("goes on, and stops when another process has its accounts", { timeout: TIMEOUT_MS }, async () => {
    const first = start();
    await first.prints('got "pong');
    const second = start();
    expect(await first.ends()).toBe(3);
    expect(first.output).toContain("anna     stopped: another process has opened this account");
    await second.prints('got "pong');
    expect(await second.ends("SIGTERM")).toBe(0);
  });

  test("stops an account that another process takes while it opens", { timeout: TIMEOUT_MS }, async () => {
    const driver = join(project.folder, "dist/driver.js");
    const before = readFileSync(driver);
    writeFileSync(driver, RACING_DRIVER);
    try {
      const alone = start("--db", "raced.db", "--account", "late");
      expect(await alone.ends(), alone.output).toBe(3);
      expect(alone.output).toContain("late     stopped: another process has opened this account");
      const beside = start("--db", "raced.db", "--account", "late", "--account", "anna");
      await beside.prints("late     stopped", "anna     connected");
      expect(await beside.ends("SIGTERM")).toBe(0);
    } finally {
      writeFileSync(driver, before);
    }
  });

  test("connects again after a pause, erases, explains", { timeout: TIMEOUT_MS }, async () => {
    const database = ["--db", "other.db"];
    const bot = start(...database, "--url", "ws://127.0.0.1:9/", "--account", "offline");
    await bot.prints("connecting again in");
    expect(await bot.ends("SIGTERM")).toBe(0);
    const eraser = start(...database, "--erase", "offline");
    expect(await eraser.ends(), eraser.output).toBe(0);
    const again = start(...database, "--erase", "offline");
    expect(await again.ends()).toBe(1);
    expect(again.output).toContain("there is no such account");
    const nowhere = start("--db", "absent.db", "--erase", "anna");
    expect(await nowhere.ends()).toBe(1);
    const confused = start("--phone", "unknown");
    expect(await confused.ends()).toBe(2);
    expect(confused.output).toContain("options:");
  });
});
