/** The program `holdfast-baileys-wasm` of the built package, in a user's project. */
import { mkdir, readFile, stat, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  makeProject,
  readManifest,
  runProgram,
  type UserProject,
} from "../support/programs/packed_package.ts";

let project: UserProject;
let program: string;

beforeEach(async () => {
  project = await makeProject();
  program = resolve((await readManifest()).bin["holdfast-baileys-wasm"] ?? "");
});

afterEach(() => project[Symbol.asyncDispose]());

async function run(...parameters: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const done = await runProgram(process.execPath, [program, ...parameters], { cwd: project.folder });
    return { code: 0, ...done };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

async function installBaileys(): Promise<void> {
  await mkdir(join(project.folder, "node_modules"));
  await symlink(resolve("node_modules/baileys"), join(project.folder, "node_modules/baileys"));
}

describe("holdfast-baileys-wasm", () => {
  test("writes the files once, into the folder that is named", async () => {
    await installBaileys();
    expect(await run("made")).toMatchObject({
      code: 0,
      stdout: "wrote whatsapp-rust-bridge.js and whatsapp-rust-bridge.wasm in made\n",
    });
    const source = join(project.folder, "made/whatsapp-rust-bridge.js");
    expect(await readFile(source, "utf8")).toMatch(/^import \w+ from "\.\/whatsapp-rust-bridge\.wasm";\n/);
    const { mtimeMs } = await stat(source);
    // A program that watches the folder would start again at each run.
    expect(await run("made")).toMatchObject({ code: 0, stdout: "" });
    expect((await stat(source)).mtimeMs).toBe(mtimeMs);
    expect(await run()).toMatchObject({ code: 0, stdout: expect.stringMatching(/ in \.holdfast\n$/) });
  });

  test("names what is missing, without a stack", async () => {
    const { code, stderr } = await run();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^find baileys: not in a node_modules of .*\n$/);
  });

  test("shows how it is used", async () => {
    expect(await run("--help")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: /) });
    expect(await run("--unknown")).toMatchObject({ code: 2, stderr: expect.stringMatching(/^Usage: /) });
    expect(await run("a", "b")).toMatchObject({ code: 2, stderr: expect.stringMatching(/^Usage: /) });
  });
});
