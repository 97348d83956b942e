/** A conformance target over the `better-sqlite3` of tools/drivers. */

import { createRequire } from "node:module";
import { betterSqlite3Backend, type NativeLibrary } from "../../src/adapters/better_sqlite3/mod.ts";
import { openBetterSqlite3Driver } from "../../src/adapters/better_sqlite3/open_driver.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import type { ConformanceTarget } from "../../src/testing/mod.ts";
import { installedBetterSqlite3 } from "../../tools/lib/drivers.mjs";
import { fileTarget } from "./file_target.ts";
import type { OpenWitnessed } from "./witnessed_file.ts";

/** Why its tests are skipped. */
export const NO_BETTER_SQLITE3 = "better-sqlite3 is not installed: npm run drivers";

/** The class that the package exports, `undefined` when the package is not installed. */
export function betterSqlite3(): NativeLibrary | undefined {
  const folder = installedBetterSqlite3();
  return folder === undefined ? undefined : createRequire(`${folder}/`)(folder);
}

/** Files through `better-sqlite3`. */
export function betterSqlite3Target(library: NativeLibrary): ConformanceTarget {
  return fileTarget("better-sqlite3 file", (path) =>
    openBetterSqlite3Driver({ path, library, logger: silentLogger }),
  );
}

/** The same, for the cases of copies and replaced files. */
export function betterSqlite3Witnessed(library: NativeLibrary): OpenWitnessed {
  return (options) => betterSqlite3Backend({ logger: silentLogger, library, ...options });
}
