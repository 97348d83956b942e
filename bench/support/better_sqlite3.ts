import { createRequire } from "node:module";
import { resolve } from "node:path";
import type { SqliteLibrary } from "./session_loop.ts";

/**
 * `better-sqlite3`, which bench/peers installs. It is not a dependency of the project, because it compiles
 * where no prebuilt binary is available.
 */
export function betterSqlite3(): SqliteLibrary {
  return createRequire(resolve("bench/peers/package.json"))("better-sqlite3");
}
