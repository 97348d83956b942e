import { builtinModule, type NativeLibrary, workingFolder } from "../sqlite_file/mod.ts";

/** The result of `createRequire` of `node:module`. */
interface Require {
  (specifier: string): unknown;
  resolve(specifier: string): string;
}

interface ModuleLibrary {
  createRequire(from: string): Require;
}

/** The native library, or the reason for its absence. */
export type FoundLibrary =
  | { readonly library: NativeLibrary; readonly reason?: undefined }
  | { readonly library?: undefined; readonly reason: string };

/** The result of the first lookup. */
const found: FoundLibrary[] = [];

/**
 * `Database` of the package `libsql`: the one beside this package, else the one of `@libsql/client`, which
 * depends on it. It is found at run time and not imported, so that bundles for hosts without native code do
 * not include it.
 */
export function findNativeLibrary(): FoundLibrary {
  const here = (import.meta as { readonly url?: string }).url;
  const known = found[0] ?? lookUpFrom([here ?? "", `${workingFolder()}/`]);
  found[0] = known;
  return known;
}

/** Finds the library as code in these files and folders would. */
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
        // The library is absent here, or `origin` is not a file: try the next.
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
