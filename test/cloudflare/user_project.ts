/** A user's Worker: the Durable Object example of docs/guide/runtimes.md over the packed package, in its own project. */
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { nodeForWrangler } from "../../tools/lib/nodes.mjs";
import {
  COMPILER,
  makeProject,
  packedPackage,
  readManifest,
  runProgram,
  type UserProject,
  unpackInto,
} from "../support/programs/packed_package.ts";

/** The strictest settings that a project can have. The declarations of the package are checked too. */
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

/** Creates a project from the guide, with the package as npm would unpack it. `dist` must be built. */
export async function makeWorkerProject(): Promise<UserProject> {
  const project = await makeProject();
  const { folder } = project;
  const { dependencies, peerDependencies } = await readManifest();
  const tarball = await packedPackage();
  await unpackInto(project, tarball, Object.keys({ ...dependencies, ...peerDependencies }));
  const guide = await readFile("docs/guide/runtimes.md", "utf8");
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(TSCONFIG));
  await writeFile(join(folder, "wrangler.toml"), exampleOf(guide, "toml", "ACCOUNTS"));
  await writeFile(join(folder, "index.ts"), exampleOf(guide, "ts ignore", "AccountDurableObject"));
  return project;
}

/**
 * Type-checks a project as its user does. Resolves with the output of the compiler, which is empty on
 * success.
 */
export async function typeCheck({ folder }: UserProject): Promise<string> {
  const compiler = resolve("node_modules", COMPILER, "bin/tsc");
  const { stdout } = await runProgram(process.execPath, [compiler, "-p", "."], { cwd: folder }).catch(
    (error: { readonly stdout: string }) => error,
  );
  return stdout;
}

/** The program and first arguments that run wrangler, or `undefined` if no suitable Node is installed. */
export function wranglerCommand(): readonly [node: string, script: string] | undefined {
  const node = nodeForWrangler();
  return node === undefined ? undefined : [node, resolve("node_modules/wrangler/bin/wrangler.js")];
}

/** The code block of a page with a language that contains a word. */
function exampleOf(page: string, language: string, word: string): string {
  const blocks = [...page.matchAll(/^```(.+)\n([\s\S]*?)^```$/gm)];
  const found = blocks.find(([, info, code = ""]) => info === language && code.includes(word))?.[2];
  if (found === undefined) throw new Error(`the page has no ${language} block with ${word}`);
  return found;
}
