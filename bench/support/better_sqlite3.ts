import { createRequire } from "node:module";
import { installedBetterSqlite3 } from "../../tools/lib/drivers.mjs";
import type { SqliteLibrary } from "./session_loop.ts";

/**
 * `better-sqlite3` of tools/drivers. It is not a dependency of the project, because it compiles where no
 * prebuilt binary is available.
 */
export function betterSqlite3(): SqliteLibrary {
  const folder = installedBetterSqlite3();
  if (folder === undefined) throw new Error("better-sqlite3 is not installed: npm run drivers");
  return createRequire(`${folder}/`)(folder);
}
