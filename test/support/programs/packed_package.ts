/** The npm package as it is in a user's node_modules. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { inject } from "vitest";
import { dose } from "../dose.ts";

/**
 * The folder of node_modules that the compiler of a project is: the one of the types of this project, which
 * takes a fifth of the time of the one that templates name. The long dose has theirs.
 */
export const COMPILER: string = dose({ short: "typescript-native", long: "typescript" });

/** Runs a program and resolves with its output. Rejects when it fails. */
export const runProgram: (
  file: string,
  args: readonly string[],
  options: { readonly cwd: string },
) => Promise<{ stdout: string; stderr: string }> = promisify(execFile);

/** A project of a user. */
export interface UserProject extends AsyncDisposable {
  readonly folder: string;
  /** Runs an ES module in the project with a chosen Node, and resolves with its output. */
  run(
    source: string,
    options?: { readonly node?: string; readonly flags?: readonly string[] },
  ): Promise<string>;
}

/** Creates an empty project. */
export async function makeProject(): Promise<UserProject> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "holdfast-project-")));
  await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  return {
    folder,
    async run(source, { node = process.execPath, flags = [] } = {}) {
      const path = join(folder, "program.mjs");
      await writeFile(path, source);
      const { stdout } = await runProgram(node, [...flags, path], { cwd: folder });
      return stdout;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Packs the built package of `root` into a folder. Resolves with the tarball's path. */
export async function packPackage(
  root: string,
  folder: string,
  flags: readonly string[] = [],
): Promise<string> {
  const args = ["pack", "--json", "--pack-destination", folder, ...flags];
  const { stdout } = await runProgram("npm", args, { cwd: root });
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf("["))) as { filename: string }[];
  if (packed === undefined) throw new Error("pack package: npm printed no file name");
  return join(folder, packed.filename);
}

let packed: Promise<string> | undefined;

/**
 * Packs the built package of this project, once for all files that share this module. Resolves with the
 * tarball's path, which exists until the tests have ended.
 */
export function packedPackage(): Promise<string> {
  packed ??= (async () => {
    const folder = join(inject("packages"), String(process.pid));
    await mkdir(folder, { recursive: true });
    return await packPackage(".", folder, ["--ignore-scripts"]);
  })();
  return packed;
}

/** Unpacks the package into a project, and links the named packages from this project's node_modules. */
export async function unpackInto(
  project: UserProject,
  tarball: string,
  packages: readonly string[],
): Promise<void> {
  const own = join(project.folder, "node_modules/@holdfast/store");
  await mkdir(own, { recursive: true });
  await runProgram("tar", ["-xzf", tarball, "-C", own, "--strip-components=1"], { cwd: project.folder });
  for (const name of packages) {
    const link = join(project.folder, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(process.cwd(), "node_modules", name === "typescript" ? COMPILER : name), link);
  }
}

/** The project's manifest. */
export interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
  /** Paths of programs by their names. */
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** Reads package.json. */
export async function readManifest(): Promise<Manifest> {
  return JSON.parse(await readFile("package.json", "utf8")) as Manifest;
}

/** A program that imports each subpath and prints, as JSON, the error of each that cannot be imported. */
export function importAll({ name, exports }: Manifest): string {
  const specifiers = Object.keys(exports).map((subpath) => name + subpath.slice(1));
  return `
    const failed = {};
    for (const specifier of ${JSON.stringify(specifiers)}) {
      try { await import(specifier); } catch (error) { failed[specifier] = error.message; }
    }
    console.log(JSON.stringify(failed));
  `;
}
