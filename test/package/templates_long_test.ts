/**
 * Each template with the packages that npm, Bun or Deno install, the packed package in place of the
 * registry's (Deno installs no tarballs: it is unpacked afterwards); and the steps of the Dockerfile. Needs the registry.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installedNode } from "../../tools/lib/nodes.mjs";
import { DOSED_TIMEOUT_MS } from "../support/dose.ts";
import { buildImage, type ImageCommand } from "../support/programs/dockerfile.ts";
import { StartedProgram } from "../support/programs/started_program.ts";
import {
  environmentOf,
  type InstalledProgram,
  initProject,
  installProgram,
  unpackOwn,
  useDependenciesOnly,
  useTarball,
} from "../support/programs/template_project.ts";

let program: InstalledProgram;

beforeAll(async () => {
  program = await installProgram();
}, DOSED_TIMEOUT_MS);

afterAll(() => program?.[Symbol.asyncDispose]());

const onNode = { node: (): string | undefined => process.execPath, runtimes: [] };
const onNode24 = { node: () => installedNode(24), runtimes: [] };

const TEMPLATES = [
  { template: "bot-node", install: "npm install", ready: 'got "pong', ...onNode },
  { template: "bot-node", install: "npm install", ready: 'got "pong', ...onNode24 },
  {
    template: "bot-bun",
    install: "bun install",
    ready: 'got "pong',
    ...onNode,
    runtimes: ["bun" as const],
  },
  {
    template: "bot-deno",
    install: "deno install",
    ready: 'got "pong',
    ...onNode,
    runtimes: ["deno" as const],
  },
  { template: "service-node", install: "npm install", ready: "Stop with Ctrl-C", ...onNode },
  { template: "service-node", install: "npm install", ready: "Stop with Ctrl-C", ...onNode24 },
  { template: "service-workers", install: "npm install", ready: "Ready on", ...onNode24 },
  { template: "bot-durable-object", install: "npm install", ready: "Ready on", ...onNode24 },
  { template: "bot-remote-object", install: "npm install", ready: 'got "pong', ...onNode24 },
];

describe.each(TEMPLATES)(
  "template $template after $install",
  ({ template, install, ready, node, runtimes }) => {
    test("starts", { timeout: DOSED_TIMEOUT_MS }, async ({ skip }) => {
      const path = node();
      if (path === undefined) return skip("that Node is not installed: npm run nodes");
      await using project = await initProject(program, template);
      const isDeno = install === "deno install";
      if (isDeno) await useDependenciesOnly(project);
      else await useTarball(project, program.tarball);
      const env = {
        ...(await environmentOf(project.folder, path, runtimes)),
        WRANGLER_SEND_METRICS: "false",
      };
      const installing = new StartedProgram(install, { cwd: project.folder, env });
      expect(await installing.ends(), installing.output).toBe(0);
      if (isDeno) await unpackOwn(project, program);
      const started = new StartedProgram(project.start, { cwd: project.folder, env });
      await started.prints(ready);
      await started.ends("SIGINT");
      expect(started.output).not.toMatch(/ERROR|WARN|Error:/);
    });
  },
);

describe("Dockerfile of service-node", () => {
  test("installs, serves and answers its health check", { timeout: DOSED_TIMEOUT_MS }, async () => {
    await using project = await initProject(program, "service-node");
    await useTarball(project, program.tarball);
    const folder = await mkdtemp(join(tmpdir(), "holdfast-image-"));
    try {
      const text = await readFile(join(project.folder, "Dockerfile"), "utf8");
      const image = await buildImage(text, project.folder, folder);
      expect(image).toMatchObject({ stages: 2, user: "node", volume: "/data" });
      const { command, cwd, env } = withPort(image.start);
      const quoted = command.map((word) => `'${word}'`).join(" ");
      const service = new StartedProgram(`exec ${quoted}`, { cwd, env: { ...process.env, ...env } });
      const [, port = ""] = await service.finds(/Serving accounts on http:\/\/0\.0\.0\.0:(\d+),/);
      const check = image.healthCheck.command.map((word) => word.replace(":8787/", `:${port}/`));
      expect(await exitCodeOf(check)).toBe(0);
      expect(await exitCodeOf(check.map((word) => word.replace(`:${port}/`, ":9/")))).toBe(1);
      expect(await service.ends("SIGTERM")).toBe(0);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** The command on a free port: an image has its own. */
function withPort(start: ImageCommand): ImageCommand {
  return { ...start, command: [...start.command, "--port", "0"] };
}

async function exitCodeOf([file = "", ...args]: readonly string[]): Promise<number> {
  return await promisify(execFile)(file, args).then(
    () => 0,
    ({ code }: { code: number }) => code,
  );
}
