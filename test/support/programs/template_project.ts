/**
 * A project that `holdfast init` of the packed package makes in an empty folder, with links to this project's
 * packages in the place of `npm install`.
 */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { makeProject, packedPackage, readManifest, runProgram, unpackInto } from "./packed_package.ts";

/** The installed program `holdfast`, outside of the projects that it makes. */
export interface InstalledProgram extends AsyncDisposable {
  readonly tarball: string;
  /** Runs it. Rejects when it fails. */
  run(args: readonly string[], folder: string): Promise<{ stdout: string; stderr: string }>;
}

/** Packs the package, which must be built, and unpacks it. */
export async function installProgram(): Promise<InstalledProgram> {
  if (!existsSync("dist/mod.js")) throw new Error("npm run build comes first");
  const own = await makeProject();
  const tarball = await packedPackage();
  await unpackInto(own, tarball, []);
  const program = join(own.folder, "node_modules/@holdfast/store/dist/holdfast.mjs");
  return {
    tarball,
    run: (args, cwd) => runProgram(process.execPath, [program, ...args], { cwd }),
    [Symbol.asyncDispose]: () => own[Symbol.asyncDispose](),
  };
}

/** A new project. */
export interface TemplateProject extends AsyncDisposable {
  readonly folder: string;
  /** Paths of the files that were made. */
  readonly files: readonly string[];
  /** The command that starts it once its packages are installed. */
  readonly start: string;
}

/** Makes a project from a template, without its packages. */
export async function initProject(program: InstalledProgram, template: string): Promise<TemplateProject> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "holdfast-template-")));
  const { stdout } = await program.run(["init", "--template", template, "--json"], folder);
  const { files, next } = JSON.parse(stdout) as { readonly files: string[]; readonly next: string };
  const [install, start = ""] = next.split(" && ");
  if (install === undefined || !/^(?:npm|bun|deno) install$/.test(install))
    throw new Error(`init project: unexpected command ${next}`);
  return { folder, files, start, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

interface PackageManifest {
  readonly bin?: string | Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Puts the packages of a project, and of its workspaces, where npm would. */
export async function linkPackages(
  { folder, files }: TemplateProject,
  { tarball }: InstalledProgram,
): Promise<void> {
  const { name: own, dependencies } = await readManifest();
  const manifests = files.filter((path) => /(^|\/)package\.json$/.test(path));
  const wanted = new Set(Object.keys(dependencies));
  for (const path of manifests) {
    const manifest = await readJson(join(folder, path));
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }))
      wanted.add(name);
  }
  wanted.delete(own);
  const project = { folder } as Parameters<typeof unpackInto>[0];
  await unpackInto(project, tarball, [...wanted]);
  for (const name of [own, ...wanted]) await linkPrograms(join(folder, "node_modules"), name);
}

async function linkPrograms(modules: string, name: string): Promise<void> {
  const { bin = {} } = await readJson(join(modules, name, "package.json"));
  const programs = typeof bin === "string" ? { [name.split("/").at(-1) ?? name]: bin } : bin;
  for (const [program, path] of Object.entries(programs)) {
    const link = join(modules, ".bin", program);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join("..", name, path), link);
    await runProgram("chmod", ["755", join(modules, name, path)], { cwd: modules });
  }
}

/** Asks npm for the packed package in place of the registry's. */
export async function useTarball({ folder, files }: TemplateProject, tarball: string): Promise<void> {
  const { name: own } = await readManifest();
  for (const path of files.filter((file) => /(^|\/)package\.json$/.test(file))) {
    const manifest = await readJson(join(folder, path));
    const pointed = { ...manifest, dependencies: { ...manifest.dependencies, [own]: `file:${tarball}` } };
    await writeFile(join(folder, path), JSON.stringify(pointed, undefined, 2));
  }
}

/** Asks for what the package depends on in place of the package. `unpackOwn` puts it there after the installation. */
export async function useDependenciesOnly({ folder }: TemplateProject): Promise<void> {
  const { name: own, dependencies } = await readManifest();
  const path = join(folder, "package.json");
  const manifest = await readJson(path);
  const others = Object.entries(manifest.dependencies ?? {}).filter(([name]) => name !== own);
  const changed = { ...manifest, dependencies: { ...Object.fromEntries(others), ...dependencies } };
  await writeFile(path, JSON.stringify(changed, undefined, 2));
}

/** Unpacks the packed package into the packages of a project. */
export async function unpackOwn({ folder }: TemplateProject, { tarball }: InstalledProgram): Promise<void> {
  await unpackInto({ folder } as Parameters<typeof unpackInto>[0], tarball, []);
}

/** An environment whose first programs are a Node, and runtimes of this repository. */
export async function environmentOf(
  folder: string,
  node: string,
  runtimes: readonly ("bun" | "deno")[] = [],
): Promise<NodeJS.ProcessEnv> {
  const own = join(folder, "node_modules/.runtimes");
  await mkdir(own, { recursive: true });
  for (const name of runtimes)
    await symlink(await realpath(resolve("node_modules/.bin", name)), join(own, name));
  await symlink(node, join(own, "node"));
  const { PATH = "", ...others } = process.env;
  const inherited = Object.entries(others).filter(([name]) => !/^npm_/i.test(name));
  return { ...Object.fromEntries(inherited), PATH: [own, PATH].join(delimiter), PWD: folder };
}

async function readJson(path: string): Promise<PackageManifest> {
  return JSON.parse(await readFile(path, "utf8")) as PackageManifest;
}
