/**
 * The packed npm package, unpacked beside the packages that a user installs with it. Does not cover npm's own
 * resolution (see the long test).
 *
 * The program `holdfast` runs in an empty project on Node, with the package libsql beside it, and on Bun and
 * Deno, which have their own SQLite.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { openFilled } from "../cli/holdfast_world.ts";
import {
  importAll,
  makeProject,
  packedPackage,
  readManifest,
  type UserProject,
  unpackInto,
} from "../support/programs/packed_package.ts";

/** Its class extends the platform's own, from a module that only the platform has. See test/cloudflare. */
const NOT_ON_NODE = { "@holdfast/store/cloudflare": expect.stringContaining("cloudflare:") };

let tarball: string;

beforeAll(async () => {
  expect(existsSync("dist/mod.js"), "npm run build comes first").toBe(true);
  tarball = await packedPackage();
});

describe("npm package", () => {
  test("needs peers only for the subpaths that use them", async () => {
    const manifest = await readManifest();
    await using project = await makeProject();
    await unpackInto(project, tarball, Object.keys(manifest.dependencies));
    expect(JSON.parse(await project.run(importAll(manifest)))).toEqual({
      // Node names the first of two missing modules that it meets.
      "@holdfast/store/cloudflare": expect.stringMatching(/^Cannot find package 'hono'|cloudflare:/),
      "@holdfast/store/http": expect.stringMatching(/^Cannot find package 'hono'/),
      "@holdfast/store/libsql": expect.stringMatching(/^Cannot find package '@libsql\/client'/),
      "@holdfast/store/worker": expect.stringMatching(/^Cannot find package 'hono'/),
    });
  });

  test("can be imported as a whole with its peers", async () => {
    const manifest = await readManifest();
    await using project = await makeProject();
    const installed = { ...manifest.dependencies, ...manifest.peerDependencies };
    await unpackInto(project, tarball, Object.keys(installed));
    expect(JSON.parse(await project.run(importAll(manifest)))).toEqual(NOT_ON_NODE);
  });
});

/** A start of a runtime, and what it runs, on a busy machine. */
const TIMEOUT_MS = 60_000;

interface Ended {
  readonly code: number;
  readonly text: string;
}

/** Runs the program in a project. */
function run(project: UserProject, runtime: readonly string[], args: readonly string[]): Promise<Ended> {
  const [file = "", ...before] = runtime;
  const program = "node_modules/@holdfast/store/dist/holdfast.mjs";
  return new Promise((done) => {
    const options = {
      cwd: project.folder,
      env: { ...process.env, NODE_NO_WARNINGS: "1", HOLDFAST_KEYS: "" },
    };
    execFile(file, [...before, program, ...args], options, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), text: stdout + stderr });
    });
  });
}

describe.each([
  {
    runtime: "Node",
    command: [process.execPath],
    packages: ["libsql", "@neon-rs", "@libsql", "detect-libc"],
  },
  { runtime: "Bun", command: [resolve("node_modules/.bin/bun")], packages: [] },
  { runtime: "Deno", command: [resolve("node_modules/.bin/deno"), "run", "-A", "--no-remote"], packages: [] },
])("holdfast of the package on $runtime", ({ command, packages }) => {
  test("backs up, restores, verifies and erases", { timeout: TIMEOUT_MS }, async () => {
    await using project = await makeProject();
    await unpackInto(project, tarball, packages);
    await (await openFilled(join(project.folder, "bot.db"), "shop")).close();
    const { version } = (await readManifest()) as unknown as { readonly version: string };
    expect(await run(project, command, ["--version"])).toEqual({ code: 0, text: `${version}\n` });
    expect(await run(project, command, ["backup", "bot.db", "shop.holdfast"])).toMatchObject({ code: 0 });
    expect(await run(project, command, ["restore", "shop.holdfast", "new.db", "-a", "shop"])).toMatchObject({
      code: 0,
    });
    expect(await run(project, command, ["verify", "new.db"])).toMatchObject({ code: 0 });
    expect(await run(project, command, ["erase", "new.db", "-a", "nobody", "--yes"])).toMatchObject({
      code: 3,
      text: expect.stringContaining('It has "shop".'),
    });
  });
});

describe("holdfast without a library for files", () => {
  test("names what is missing, on a Node that has none", { timeout: TIMEOUT_MS }, async ({ skip }) => {
    const hasSqlite = process.getBuiltinModule?.("node:sqlite") !== undefined;
    skip(hasSqlite, "this Node has node:sqlite");
    await using project = await makeProject();
    await unpackInto(project, tarball, []);
    const { code, text } = await run(project, [process.execPath], ["accounts", "bot.db"]);
    expect(code).toBe(6);
    expect(text).toContain("npm install libsql");
    expect(text).not.toMatch(/ERR_|\n {4}at /);
    // A command that needs no file needs no library.
    expect(await run(project, [process.execPath], ["dev"])).toMatchObject({
      code: 6,
      text: expect.stringContaining("npm install --save-dev miniflare"),
    });
  });
});
