/** The package of a fresh clone, installed by npm in an empty folder, on every installed version of Node. */
import { readFile, rm, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installedNode, NODE_MAJORS } from "../../tools/lib/nodes.mjs";
import { DOSED_TIMEOUT_MS } from "../support/dose.ts";
import { folderKib, MAX_INSTALLED_KIB, MAX_PACKAGES } from "../support/programs/installed_size.ts";
import {
  importAll,
  makeProject,
  packPackage,
  readManifest,
  runProgram,
  type UserProject,
} from "../support/programs/packed_package.ts";

/** Its class extends the platform's own, from a module that only the platform has. See test/cloudflare. */
const NOT_ON_NODE = { "@holdfast/store/cloudflare": expect.stringContaining("cloudflare:") };

let clone: UserProject;
let tarball: string;

beforeAll(async () => {
  clone = await makeProject();
  await rm(join(clone.folder, "package.json"));
  await runProgram("git", ["clone", "--quiet", process.cwd(), "."], { cwd: clone.folder });
  await symlink(resolve("node_modules"), join(clone.folder, "node_modules"));
  tarball = await packPackage(clone.folder, clone.folder);
}, DOSED_TIMEOUT_MS);

afterAll(() => clone[Symbol.asyncDispose]());

const NODES = [
  { name: `Node ${process.versions.node}`, node: process.execPath },
  ...NODE_MAJORS.map((major) => ({ name: `Node ${major}`, node: installedNode(major) })),
];

/** Opens an account twice and prints its name each time. */
const TWO_OPENINGS = `
  import { openAccount } from "@holdfast/store";
  import { libsqlBackend } from "@holdfast/store/libsql";

  for (let opening = 0; opening < 2; opening += 1) {
    const account = await openAccount({ backend: libsqlBackend({ url: "file:bot.db" }) });
    console.log("name:", account.device.getDeviceSnapshot().pushName);
    account.device.processCommand({ kind: "setPushName", pushName: "Anna" });
    await account.close();
  }
`;

describe("npm install", () => {
  test("needs few packages and little space without optional peers", {
    timeout: DOSED_TIMEOUT_MS,
  }, async () => {
    await using project = await makeProject();
    await runProgram("npm", ["install", "--no-audit", "--no-fund", tarball], { cwd: project.folder });
    const { packages } = JSON.parse(await readFile(join(project.folder, "package-lock.json"), "utf8"));
    const installed = Object.keys(packages).filter((path) => path !== "");
    expect(installed.length).toBeLessThanOrEqual(MAX_PACKAGES);
    expect(folderKib(join(project.folder, "node_modules"))).toBeLessThanOrEqual(MAX_INSTALLED_KIB);
  });

  test.for(NODES)(
    "gives a package that works on $name",
    { timeout: DOSED_TIMEOUT_MS },
    async ({ name, node }, { skip }) => {
      if (node === undefined) return skip(`${name} is not installed: npm run nodes`);
      const manifest = await readManifest();
      await using project = await makeProject();
      const peers = Object.entries(manifest.peerDependencies).map(([peer, range]) => `${peer}@${range}`);
      await runProgram("npm", ["install", "--no-audit", "--no-fund", tarball, ...peers], {
        cwd: project.folder,
      });
      expect(JSON.parse(await project.run(importAll(manifest), { node }))).toEqual(NOT_ON_NODE);
      expect(await project.run(TWO_OPENINGS, { node })).toBe("name: \nname: Anna\n");
    },
  );
});
