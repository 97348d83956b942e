/** A user's project: the README's Durable Object example over the packed package, in a folder of its own. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** A project on disk. */
export interface UserProject extends AsyncDisposable {
  readonly folder: string;
  /** Writes a file of the project. */
  write(path: string, text: string): Promise<void>;
  /** Runs a program of this repository's `node_modules` in the project. Rejects with its output if it fails. */
  run(program: string, ...args: readonly string[]): Promise<string>;
}

/** As strict as a project can be: also the declarations of the package are checked. */
const TSCONFIG = {
  compilerOptions: {
    target: "es2022",
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["es2023", "esnext.disposable"],
    types: ["./worker-configuration.d.ts"],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noImplicitOverride: true,
    skipLibCheck: false,
    noEmit: true,
  },
  include: ["*.ts"],
};

/** Creates a project from the README, with the package as npm would install it. `dist` must be built. */
export async function createUserProject(): Promise<UserProject> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-user-"));
  const project: UserProject = {
    folder,
    async write(path, text) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    },
    async run(program, ...args) {
      const options = { cwd: folder, env: { ...process.env, WRANGLER_SEND_METRICS: "false" } };
      const { stdout, stderr } = await execute(resolve("node_modules/.bin", program), args, options).catch(
        ({ message, stdout: out, stderr: err }) => {
          throw new Error(`${message}\n${out}\n${err}`);
        },
      );
      return stdout + stderr;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
  await installPackage(folder);
  const readme = await readFile("README.md", "utf8");
  await project.write("package.json", JSON.stringify({ name: "bot", type: "module" }));
  await project.write("tsconfig.json", JSON.stringify(TSCONFIG));
  await project.write("wrangler.toml", exampleOf(readme, "toml", "ACCOUNTS"));
  await project.write("index.ts", exampleOf(readme, "ts ignore", "AccountDurableObject"));
  return project;
}

/** Installs the tarball that would be published, with its dependencies linked from this repository. */
async function installPackage(folder: string): Promise<void> {
  const packed = await execute("npm", [
    ...["pack", "--json", "--ignore-scripts", "--pack-destination", folder],
  ]);
  const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
  const target = join(folder, "node_modules/@holdfast/store");
  await mkdir(target, { recursive: true });
  await execute("tar", ["-xzf", join(folder, filename), "--strip-components=1", "-C", target]);
  const manifest = JSON.parse(await readFile(join(target, "package.json"), "utf8"));
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
    const link = join(folder, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(resolve("node_modules", name), link);
  }
}

/** The code block of a page that has a language and contains a word. */
function exampleOf(page: string, language: string, word: string): string {
  const blocks = [...page.matchAll(/^```(.+)\n([\s\S]*?)^```$/gm)];
  const found = blocks.find(([, info, code = ""]) => info === language && code.includes(word))?.[2];
  if (found === undefined) throw new Error(`README.md has no ${language} block with ${word}`);
  return found;
}
