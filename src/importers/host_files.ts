import { builtinModule } from "../ports/mod.ts";

/** The calls of `node:fs/promises` that folders need. */
interface HostFolders {
  opendir(path: string): Promise<AsyncIterable<{ readonly name: string; isFile(): boolean }>>;
  readFile(path: string): Promise<Uint8Array>;
  writeFile(path: string, content: Uint8Array, options: { flag: "wx"; mode: number }): Promise<void>;
  mkdir(path: string, options: { recursive: true; mode: number }): Promise<unknown>;
}

interface HostProcess {
  cwd?(): string;
}

interface HostModules {
  createRequire(from: string): (specifier: string) => unknown;
}

/** The host's calls for folders, `undefined` if it has none. */
export function hostFolders(): HostFolders | undefined {
  return builtinModule<HostFolders>("node:fs/promises");
}

/** A package that is installed beside this one or in the working folder, `undefined` if there is none. */
export function installedPackage(name: string): unknown {
  const modules = builtinModule<HostModules>("node:module");
  const { process } = globalThis as { readonly process?: HostProcess };
  const here = (import.meta as { readonly url?: string }).url;
  for (const origin of [here, `${process?.cwd?.() ?? ""}/`]) {
    if (modules === undefined || origin === undefined) continue;
    try {
      return modules.createRequire(origin)(name);
    } catch {
      // It is not there, or cannot be loaded on this machine.
    }
  }
  return undefined;
}
