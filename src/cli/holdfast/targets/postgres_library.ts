import { createRequire } from "node:module";
import process from "node:process";
import type { PgPool } from "../../../adapters/postgres/pg_driver.ts";
import { CommandError } from "../command_error.ts";

/** The used part of a `Pool` of `pg`. */
export interface PostgresPool extends PgPool {
  on(event: "connect" | "error", listener: () => void): unknown;
  end(): Promise<void>;
}

/** The used part of the package `pg`. */
export interface PostgresLibrary {
  readonly Pool: new (options: Readonly<Record<string, unknown>>) => PostgresPool;
}

/**
 * The package `pg`: the one beside this program, else that of the working folder.
 *
 * @throws {CommandError} When there is none. It says what to install.
 */
export function postgresLibrary(): PostgresLibrary {
  for (const origin of [import.meta.url, `${process.cwd()}/`]) {
    try {
      return createRequire(origin)("pg") as PostgresLibrary;
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  throw new CommandError(
    "incompatible",
    "open database: PostgreSQL needs the package pg, which is not installed",
    "Run: npm install pg. With npx: npx --package @holdfast/store --package pg holdfast",
  );
}
