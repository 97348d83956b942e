/**
 * The templates that run on Workers or serve accounts, as a new user starts them: see bot_templates_test.ts.
 * `bot-durable-object` as a bot is in test/cloudflare/bot_test.ts.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeForWrangler } from "../../tools/lib/nodes.mjs";
import { dose } from "../support/dose.ts";
import { runProgram } from "../support/programs/packed_package.ts";
import { StartedProgram } from "../support/programs/started_program.ts";
import {
  environmentOf,
  type InstalledProgram,
  initProject,
  installProgram,
  linkPackages,
  type TemplateProject,
} from "../support/programs/template_project.ts";

/** Wrangler, on a busy machine. */
const TIMEOUT_MS = 180_000;

let program: InstalledProgram;

beforeAll(async () => {
  program = await installProgram();
}, TIMEOUT_MS);

afterAll(() => program?.[Symbol.asyncDispose]());

/** The secret that `holdfast init` has made. */
async function secretOf({ folder }: TemplateProject, file: string): Promise<string> {
  return (await readFile(join(folder, file), "utf8")).trim().split("=")[1] ?? "";
}

async function statusOf(url: string, token: string, body?: object): Promise<number> {
  const response = await fetch(url, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  await response.arrayBuffer();
  return response.status;
}

describe("template service-node", () => {
  test("serves accounts, and saves at Ctrl-C", { timeout: TIMEOUT_MS }, async () => {
    await using project = await initProject(program, "service-node");
    await linkPackages(project, program);
    const env = await environmentOf(project.folder, process.execPath);
    const service = new StartedProgram(`${project.start} -- --port 0`, { cwd: project.folder, env });
    const [, url = ""] = await service.finds(/Serving accounts on (http:\S+),/);
    await service.prints("Stop with Ctrl-C");
    const token = await secretOf(project, ".env");
    expect(service.output).not.toContain(token);
    expect((await fetch(`${url}/v1/ready`)).status).toBe(200);
    expect(await statusOf(`${url}/v1/accounts`, token, { name: "bot-1" })).toBe(201);
    expect(await statusOf(`${url}/v1/accounts`, `${token}0`)).toBe(401);
    await service.ends("SIGINT");
    const again = new StartedProgram(`${project.start} -- --port 0`, { cwd: project.folder, env });
    const [, newUrl = ""] = await again.finds(/Serving accounts on (http:\S+),/);
    // The account is there: 201 says that it was created.
    expect(await statusOf(`${newUrl}/v1/accounts`, token, { name: "bot-1" })).toBe(200);
    await again.ends("SIGINT");
  });
});

/** `wrangler dev` of the other one is in the long run; here it runs as the worker of bot-remote-object. */
const WORKERS = dose({
  short: [],
  long: [
    { template: "service-workers", path: "/v1/accounts" },
    { template: "bot-durable-object", path: "/bots/my-bot/status" },
  ],
});

describe.each(WORKERS)("template $template", ({ template, path }) => {
  test("type-checks, and starts with wrangler dev", { timeout: TIMEOUT_MS }, async ({ skip }) => {
    const node = nodeForWrangler();
    if (node === undefined) return skip("no Node that wrangler runs on is installed: npm run nodes");
    await using project = await initProject(program, template);
    await linkPackages(project, program);
    const env = { ...(await environmentOf(project.folder, node)), CI: "1", WRANGLER_SEND_METRICS: "false" };
    const types = new StartedProgram("npm run types", { cwd: project.folder, env });
    expect(await types.ends(), types.output).toBe(0);
    const command = `${project.start} -- --port 0 --inspector-port 0`;
    const worker = new StartedProgram(command, { cwd: project.folder, env });
    const [, url = ""] = await worker.finds(/Ready on (http:\/\/\S+)/);
    const token = await secretOf(project, ".dev.vars");
    expect(await statusOf(`${url}${path}`, token)).toBe(200);
    expect(await statusOf(`${url}${path}`, `${token}0`)).toBe(401);
    await worker.ends("SIGINT");
  });
});

describe("template service-workers", () => {
  test("can be deployed, as a dry run says", { timeout: TIMEOUT_MS }, async ({ skip }) => {
    const node = nodeForWrangler();
    if (node === undefined) return skip("no Node that wrangler runs on is installed: npm run nodes");
    await using project = await initProject(program, "service-workers");
    await linkPackages(project, program);
    const args = ["node_modules/wrangler/bin/wrangler.js", "deploy", "--dry-run", "--outdir", "out"];
    const { stdout } = await runProgram(node, args, { cwd: project.folder });
    expect(stdout).toMatch(/env\.ACCOUNTS \(AccountDurableObject\)/);
    expect(stdout).toMatch(/env\.REGISTRY \(RegistryDurableObject\)/);
    // The pages of the console.
    expect(stdout).toMatch(/Read \d+ files from the assets directory .*console/);
  });
});
