/** `holdfast init` of the packed package: what it makes, and what it refuses. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readManifest } from "../support/programs/packed_package.ts";
import { type InstalledProgram, installProgram } from "../support/programs/template_project.ts";

const root = mkdtempSync(join(tmpdir(), "holdfast-init-"));
let program: InstalledProgram;
let folder: string;

beforeAll(async () => {
  program = await installProgram();
}, 60_000);

beforeEach(() => {
  folder = mkdtempSync(join(root, "case-"));
});

afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  await program?.[Symbol.asyncDispose]();
});

async function init(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  try {
    const { stdout, stderr } = await program.run(["init", ...args], folder);
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

interface Made {
  readonly files: readonly string[];
  readonly name: string;
  readonly next: string;
}

async function made(...args: readonly string[]): Promise<Made> {
  const { code, out, err } = await init(...args, "--json");
  expect(code, err).toBe(0);
  return JSON.parse(out) as Made;
}

const TEMPLATES = [
  { template: "bot-node", has: ["src/driver.ts", "tsconfig.json"], lacks: ["deno.json"] },
  { template: "bot-bun", has: ["src/driver.ts", "tsconfig.json"], lacks: ["deno.json"] },
  { template: "bot-deno", has: ["src/driver.ts", "deno.json"], lacks: ["tsconfig.json"] },
  { template: "service-node", has: ["Dockerfile", ".dockerignore", ".env"], lacks: [] },
  { template: "service-workers", has: ["src/index.ts", ".dev.vars"], lacks: [] },
  { template: "bot-durable-object", has: ["src/bot.ts", ".dev.vars"], lacks: [] },
  {
    template: "bot-remote-object",
    has: ["worker/src/index.ts", "worker/.gitignore", "worker/.dev.vars"],
    lacks: ["src/driver.ts", ".dev.vars"],
  },
];

describe("holdfast init", () => {
  test("lists the templates", async () => {
    const { code, out } = await init("--list");
    expect(code).toBe(0);
    for (const { template } of TEMPLATES) expect(out).toContain(template);
    const { templates } = JSON.parse((await init("--list", "--json")).out);
    expect(templates.map(({ name }: { name: string }) => name)).toEqual(
      TEMPLATES.map(({ template }) => template),
    );
  });

  test.each(TEMPLATES)("makes $template, whole and named", async ({ template, has, lacks }) => {
    const { files, name, next } = await made("My bot!", "--template", template);
    expect(files).toEqual(expect.arrayContaining(["README.md", "package.json", ".gitignore", ...has]));
    for (const file of lacks) expect(files).not.toContain(file);
    // The stored form of names that npm leaves out of a package.
    expect(files.filter((file) => /(^|\/)_|node_modules|\.db|\.wrangler|\.holdfast/.test(file))).toEqual([]);
    const project = join(folder, "My bot!");
    for (const file of files) expect(existsSync(join(project, file)), file).toBe(true);
    expect(name).toBe("my-bot");
    expect(next).toMatch(/^cd 'My bot!' && (npm|bun|deno) install && (npm|bun|deno task) start$/);
    const { version } = (await readManifest()) as unknown as { readonly version: string };
    const manifest = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
    expect(manifest).toMatchObject({ name, dependencies: { "@holdfast/store": `^${version}` } });
    for (const file of files.filter((path) => path.endsWith("wrangler.toml")))
      expect(readFileSync(join(project, file), "utf8")).toContain(
        `name = "my-bot${file.startsWith("worker/") ? "-worker" : ""}"`,
      );
  });

  test("makes a secret for each project alone, which only its owner reads", async () => {
    const secretOf = async (name: string): Promise<string> => {
      await made(name, "--template", "service-node");
      const path = join(folder, name, ".env");
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(readFileSync(join(folder, name, ".gitignore"), "utf8").split("\n")).toContain(".env");
      return readFileSync(path, "utf8");
    };
    const [first, second] = [await secretOf("one"), await secretOf("two")];
    expect(first).toMatch(/^HOLDFAST_ADMIN_TOKEN=[0-9a-f]{64}\n$/);
    expect(second).not.toBe(first);
  });

  test("takes the present folder, also with a repository in it", async () => {
    mkdirSync(join(folder, ".git"));
    const { next } = await made("--template", "bot-node");
    expect(next).toBe("npm install && npm start");
    const { out } = await init("other", "-t", "bot-node");
    expect(out).toContain("cd other && npm install && npm start");
  });

  test("refuses a folder that is not empty, and writes nothing", async () => {
    writeFileSync(join(folder, "mine.txt"), "mine");
    expect(await init("--template", "bot-node")).toMatchObject({
      code: 4,
      err: expect.stringContaining('"." is not empty, it has 1 entry'),
    });
    expect(await init("mine.txt", "--template", "bot-node")).toMatchObject({
      code: 4,
      err: expect.stringMatching(/mine\.txt" is a file/),
    });
    expect(existsSync(join(folder, "package.json"))).toBe(false);
  });

  test("names the templates where none, or an unknown one, is named", async () => {
    for (const args of [[], ["--template", "bot-rust"], ["--template", "../bot-node"]]) {
      const { code, err } = await init(...args);
      expect(code).toBe(2);
      expect(err).toContain("bot-node, bot-bun, bot-deno, service-node");
    }
  });
});
