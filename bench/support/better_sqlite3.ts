import { createRequire } from "node:module";
import { resolve } from "node:path";
import type { SqliteLibrary } from "./session_loop.ts";

/**
 * `better-sqlite3`, which bench/peers installs. Not a dependency of the project: where no prebuilt binary is
 * to be had, it compiles.
 */
export function betterSqlite3(): SqliteLibrary {
  return createRequire(resolve("bench/peers/package.json"))("better-sqlite3");
}
