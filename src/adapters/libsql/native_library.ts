import { builtinModule, type NativeLibrary, workingFolder } from "../sqlite_file/mod.ts";

/** What `createRequire` of `node:module` returns. */
interface Require {
  (specifier: string): unknown;
  resolve(specifier: string): string;
}

interface ModuleLibrary {
  createRequire(from: string): Require;
}

/** The native library, or why there is none. */
export type FoundLibrary =
  | { readonly library: NativeLibrary; readonly reason?: undefined }
  | { readonly library?: undefined; readonly reason: string };

/** The outcome of the first look-up. */
const found: FoundLibrary[] = [];

/**
 * `Database` of the package `libsql`: the one beside this package, else the one of `@libsql/client`, which
 * depends on it. It is looked up at run time and not imported, so that a bundle for a host without native
 * code does not meet it.
 */
export function findNativeLibrary(): FoundLibrary {
  const here = (import.meta as { readonly url?: string }).url;
  const known = found[0] ?? lookUpFrom([here ?? "", `${workingFolder()}/`]);
  found[0] = known;
  return known;
}

/** Looks the library up as code in these files and folders would find it. */
export function lookUpFrom(origins: readonly string[]): FoundLibrary {
  const modules = builtinModule<ModuleLibrary>("node:module");
  if (modules === undefined) return { reason: "the host cannot load packages at run time" };
  let reason = "the package libsql is not installed";
  for (const origin of origins) {
    for (const load of [loadDirectly, loadOfClient]) {
      try {
        const library = load(modules, origin);
        if (typeof library === "function") return { library: library as NativeLibrary };
      } catch (error) {
        const code = (error as { readonly code?: unknown } | null)?.code;
        // Absent here, or `origin` is no place of a file: look at the next.
        if (code !== "MODULE_NOT_FOUND" && code !== "ERR_INVALID_ARG_VALUE")
          reason = `the package libsql cannot be loaded (${String(code ?? "unknown reason")})`;
      }
    }
  }
  return { reason };
}

function loadDirectly(modules: ModuleLibrary, origin: string): unknown {
  return defaultOf(modules.createRequire(origin)("libsql"));
}

function loadOfClient(modules: ModuleLibrary, origin: string): unknown {
  const client = modules.createRequire(origin).resolve("@libsql/client");
  return defaultOf(modules.createRequire(client)("libsql"));
}

function defaultOf(loaded: unknown): unknown {
  return typeof loaded === "function" ? loaded : (loaded as { readonly default?: unknown } | null)?.default;
}
