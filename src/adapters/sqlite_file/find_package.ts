import { builtinModule } from "../../ports/mod.ts";
import { workingFolder } from "./host_modules.ts";
import type { NativeLibrary } from "./native_client.ts";

/** The result of `createRequire` of `node:module`. */
interface Require {
  (specifier: string): unknown;
  resolve(specifier: string): string;
}

interface ModuleLibrary {
  createRequire(from: string): Require;
}

/** A native library, or the reason for its absence. */
export type FoundLibrary =
  | { readonly library: NativeLibrary; readonly reason?: undefined }
  | { readonly library?: undefined; readonly reason: string };

/** Where packages are looked up: beside this package, then in the working folder. */
export function packageOrigins(): readonly string[] {
  const here = (import.meta as { readonly url?: string }).url;
  return [here ?? "", `${workingFolder()}/`];
}

/**
 * The class that a package exports, found as code in the given files and folders would find it. It is found
 * at run time and not imported, so that bundles for hosts without native code do not include it.
 *
 * @param dependent A package that may have the wanted one for itself, as in pnpm's layout.
 */
export function findPackage(name: string, origins: readonly string[], dependent?: string): FoundLibrary {
  const modules = builtinModule<ModuleLibrary>("node:module");
  if (modules === undefined) return { reason: "the host cannot load packages at run time" };
  let reason = `the package ${name} is not installed`;
  for (const origin of origins) {
    for (const of of dependent === undefined ? [undefined] : [undefined, dependent]) {
      try {
        const from = of === undefined ? origin : modules.createRequire(origin).resolve(of);
        const library = defaultOf(modules.createRequire(from)(name));
        if (typeof library === "function") return { library: library as NativeLibrary };
      } catch (error) {
        const code = (error as { readonly code?: unknown } | null)?.code;
        // The library is absent here, or `origin` is not a file: try the next.
        if (code !== "MODULE_NOT_FOUND" && code !== "ERR_INVALID_ARG_VALUE")
          reason = `the package ${name} cannot be loaded (${String(code ?? "unknown reason")})`;
      }
    }
  }
  return { reason };
}

function defaultOf(loaded: unknown): unknown {
  return typeof loaded === "function" ? loaded : (loaded as { readonly default?: unknown } | null)?.default;
}
