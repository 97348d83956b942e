import { type FoundLibrary, findPackage, packageOrigins } from "../sqlite_file/mod.ts";

/** The result of the first lookup. */
const found: FoundLibrary[] = [];

/**
 * `Database` of the package `libsql`: the one beside this package, else the one of `@libsql/client`, which
 * depends on it.
 */
export function findNativeLibrary(): FoundLibrary {
  const known = found[0] ?? lookUpFrom(packageOrigins());
  found[0] = known;
  return known;
}

/** Finds the library as code in these files and folders would. */
export function lookUpFrom(origins: readonly string[]): FoundLibrary {
  return findPackage("libsql", origins, "@libsql/client");
}
