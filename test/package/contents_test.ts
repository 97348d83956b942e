/**
 * What the npm package holds, and what it costs: every packed file has a reason here. Does not cover npm's own
 * installation, see install_long_test.ts.
 */
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readProgramFolder } from "../../src/cli/holdfast/files.ts";
import { TEMPLATES } from "../../src/cli/holdfast/init/templates.ts";
import { folderKib, MAX_INSTALLED_KIB, MAX_PACKAGES } from "../support/programs/installed_size.ts";
import { makeProject, readManifest, runProgram } from "../support/programs/packed_package.ts";

const FOLDERS = new Set(TEMPLATES.flatMap(({ layers }) => layers.map(({ folder }) => folder)));

/** What may be packed. */
const ALLOWED: readonly RegExp[] = [
  /^package\.json$/,
  /^(?:README|LICENSE|CHANGELOG)(?:\.md)?$/,
  // The subpaths and what they share, and their types.
  /^dist\/mod\.(?:js|d\.ts)$/,
  /^dist\/src\/exports\/\w+\.js$/,
  /^dist\/shared\/[A-Z0-9]{8}\.js$/,
  /^dist\/src\/(?!cli\/|console\/)(?:\w+\/)+\w+\.d\.ts$/,
  // The programs.
  /^dist\/holdfast(?:_worker|_baileys_wasm)?\.mjs$/,
  /^dist\/console\/(?:(?:index|api)\.html|icon\.svg|_headers|_redirects|v1\/openapi\.json)$/,
  /^dist\/console\/(?:main|api_page)-[A-Z0-9]{8}\.(?:js|css)$/,
  // Guides, which the README points to.
  /^docs\/guide\/[\w-]+\.md$/,
  new RegExp(`^templates/(?:${[...FOLDERS].join("|")})/(?:src/|local/)?\\w[\\w.]*$`),
];

/** What the commands of a template leave in its folder. */
const LEFTOVERS: readonly string[] = [
  ".dev.vars",
  ".env",
  ".env.local",
  ".holdfast/module.wasm",
  ".wrangler/state/a.sqlite",
  "worker/.dev.vars",
  "bots.db",
  "bots.db-wal",
  "backups/anna",
  "dist/main.js",
  "deno.lock",
  "package-lock.json",
  "worker-configuration.d.ts",
  "node_modules/ws/index.js",
];

let folder: string;
let packed: readonly string[];

beforeAll(async () => {
  expect(existsSync("dist/mod.js"), "npm run build comes first").toBe(true);
  folder = await mkdtemp(join(tmpdir(), "holdfast-contents-"));
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const { stdout } = await runProgram("npm", args, { cwd: "." });
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  packed = files.map(({ path }) => path);
  await runProgram("tar", ["-xzf", filename], { cwd: folder });
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("npm package contents", () => {
  test("are what is allowed, and nothing else", () => {
    expect(packed.filter((path) => !ALLOWED.some((pattern) => pattern.test(path)))).toEqual([]);
    expect(ALLOWED.filter((pattern) => !packed.some((path) => pattern.test(path)))).toEqual([]);
  });

  test("have every file of every template", () => {
    const wanted = [...FOLDERS].flatMap((name) =>
      readdirSync(`templates/${name}`, { recursive: true, encoding: "utf8" })
        .map((path) => `templates/${name}/${path.replaceAll("\\", "/")}`)
        .filter(
          (path) =>
            !/\/(?:node_modules|\.[\w.]+|dist|out|backups)(?:\/|$)|\.db|worker-configuration/.test(path),
        )
        .filter((path) => lstatSync(path).isFile()),
    );
    expect(packed.filter((path) => path.startsWith("templates/")).sort()).toEqual(wanted.sort());
  });

  test("have nothing that a user's commands leave in a template", { timeout: 120_000 }, async () => {
    await using project = await makeProject();
    const template = join(project.folder, "templates/bot-node");
    await cp("package.json", join(project.folder, "package.json"));
    for (const path of [...LEFTOVERS, "src/main.ts", "_gitignore"]) {
      await mkdir(dirname(join(template, path)), { recursive: true });
      await writeFile(join(template, path), "");
    }
    const args = ["pack", "--dry-run", "--json", "--ignore-scripts"];
    const { stdout } = await runProgram("npm", args, { cwd: project.folder });
    const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
    const kept = ["_gitignore", "src/main.ts"];
    expect(files.map(({ path }) => path).filter((path) => path !== "package.json")).toEqual(
      kept.map((path) => `templates/bot-node/${path}`),
    );
    // `holdfast init` leaves them out as well, from a folder where they are.
    const read = await readProgramFolder(pathToFileURL(`${template}/`));
    expect([...read.keys()].sort()).toEqual(kept);
  });

  test("have what their modules and types import", () => {
    const missing = packed
      .filter((path) => /\.(?:js|d\.ts)$/.test(path) && path.startsWith("dist/") && !path.includes("console"))
      .flatMap((path) => {
        const text = readFileSync(join(folder, "package", path), "utf8");
        const isTypes = path.endsWith(".d.ts");
        return [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)]
          .map(([, specifier = ""]) => join(dirname(path), specifier))
          .map((target) => (isTypes ? target.replace(/\.(?:ts|js)$/, ".d.ts") : target))
          .filter((target) => !packed.includes(target))
          .map((target) => `${path} imports ${target}`);
      });
    expect(missing).toEqual([]);
  });

  test(`are installed with ${MAX_PACKAGES} packages and ${MAX_INSTALLED_KIB} KiB at most`, async () => {
    const { dependencies } = await readManifest();
    const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
      readonly packages: Readonly<Record<string, { readonly dependencies?: object }>>;
    };
    const names = Object.keys(dependencies);
    for (const name of names)
      names.push(...Object.keys(packages[`node_modules/${name}`]?.dependencies ?? {}));
    expect(names.length + 1).toBeLessThanOrEqual(MAX_PACKAGES);
    const folders = [join(folder, "package"), ...names.map((name) => `node_modules/${name}`)];
    const kib = folders.reduce((sum, path) => sum + folderKib(path), 0);
    expect(kib).toBeGreaterThan(3_000);
    expect(kib).toBeLessThanOrEqual(MAX_INSTALLED_KIB);
  });
});
