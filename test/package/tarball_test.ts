/**
 * The packed npm package, unpacked beside the packages that a user installs with it. Does not cover npm's own
 * resolution (see the long test).
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  importAll,
  makeProject,
  packPackage,
  readManifest,
  unpackInto,
} from "../support/programs/packed_package.ts";

/** Its class extends the platform's own, from a module that only the platform has. See test/cloudflare. */
const NOT_ON_NODE = { "@holdfast/store/cloudflare": expect.stringContaining("cloudflare:") };

let folder: string;
let tarball: string;

beforeAll(async () => {
  expect(existsSync("dist/mod.js"), "npm run build comes first").toBe(true);
  folder = await mkdtemp(join(tmpdir(), "holdfast-pack-"));
  tarball = await packPackage(".", folder, ["--ignore-scripts"]);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("npm package", () => {
  test("needs peers only for the subpaths that use them", async () => {
    const manifest = await readManifest();
    await using project = await makeProject();
    await unpackInto(project, tarball, Object.keys(manifest.dependencies));
    expect(JSON.parse(await project.run(importAll(manifest)))).toEqual({
      "@holdfast/store/cloudflare": expect.stringMatching(/^Cannot find package 'hono'/),
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

  test("has source maps that point to its own sources", async () => {
    const manifest = await readManifest();
    await using project = await makeProject();
    await unpackInto(project, tarball, Object.keys(manifest.dependencies));
    const stack = await project.run(
      `
        import { parseJid } from "@holdfast/store";
        try { parseJid(1); } catch (error) { console.log(error.stack); }
      `,
      { flags: ["--enable-source-maps"] },
    );
    const source = /node_modules\/@holdfast\/store\/src\/[\w/]+\.ts/.exec(stack)?.[0];
    expect(source, stack).toBeDefined();
    expect(existsSync(join(project.folder, source ?? ""))).toBe(true);
  });
});
